/* The agent: a process of its own that keeps the store's key in locked memory between two commands, so that a person
 * types the passphrase once in a sitting. It hands the key to commands of the same user over a unix socket, and ends
 * when nobody has asked for a while, when it is told to, on a signal, or when the laptop has slept. Its process is
 * named satchel-agent. The key never touches a disk.
 *
 * Socket: $XDG_RUNTIME_DIR/satchel-<hash of the store's folder>.sock if that folder is private to the user, else
 * agent.sock in the store's folder; mode 0600. This file and agent.c are all that knows of unix sockets. */
#ifndef SATCHEL_AGENT_H
#define SATCHEL_AGENT_H

#include <stdint.h>

#include "error.h"
#include "id.h"

#define AGENT_KEY_BYTES 32
#define AGENT_IDLE_MINUTES 15
#define AGENT_IDLE_MINUTES_MAX 1440

/* Starts the agent for the store in folder, and returns once it answers. key is wiped here and in the new process,
 * which keeps a copy of its own. Nothing of the caller's terminal or pipes stays open in it. Errors: E_EXISTS (there is
 * one already), E_INPUT (the socket's path is too long), E_IO, E_MEMORY. */
int agent_start(const char *folder, uint8_t key[AGENT_KEY_BYTES], const struct id *session, unsigned idle_minutes,
                struct error *e);

/* Takes key and sitting from the agent, which counts as a sign of life. E_LOCKED: there is none. E_IO, E_INPUT. */
int agent_ask(const char *folder, uint8_t key[AGENT_KEY_BYTES], struct id *session, struct error *e);

/* Checks, before there is a store, that an agent for the folder can have its socket. E_INPUT: the path is too long. */
int agent_check(const char *folder, struct error *e);

/* 1: an agent answers; 0: none does. It does not count as a sign of life. */
int agent_is_there(const char *folder);

/* Locks the store: tells the agent to wipe the key and end; returns once it has. *was: 1 if there was an agent, else 0.
 * E_IO, E_INPUT. */
int agent_stop(const char *folder, int *was, struct error *e);

#endif
