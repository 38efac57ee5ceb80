#!/usr/bin/env python3
"""A second accountant of imports, which shares nothing with the importer.

    tests/second/account.py [-w] [-o] EXPORT REPORT TABLES [EXPECTED]

EXPORT is the folder with the CSV files, REPORT what `satcheld import --report` wrote, TABLES what the office's tables say
afterwards (JSON, one object: a list of rows for each of the names below). It reads the CSV files with Python's reader and holds

  - that each row of a file that was read stands in the report once, as taken, passed over or left, with its key; and that of
    each other file the rows were counted: taken + passed over + left + not read is all that there is;
  - that each column is one that FORMATS reads, or is named as not read, with the number of its values; or is absent;
  - that each value that was left stands in the file as the report has it;
  - that each cell of a taken row stands in the tables as it stands in the file;
  - with EXPECTED: that files, lines, columns, outcomes and reasons are those expected. EXPECTED has no keys and no values (they
    are looked up in the export), and not the columns that are not read (they are counted there). `-w` in front writes EXPECTED
    anew; `-o` says that the export was older than one before, and only filled in what was missing: no cells are compared.

Exit status 0: all agree, and a line says what was counted; 1: something differs, and each difference is a line."""
import csv
import json
import os
import re
import sys
from datetime import date, datetime

csv.field_size_limit(1 << 24)
problems = []


def wrong(text):
    problems.append(text)


# --- the files ---


def read_export(folder):
    """name -> (heading, [(line, {column: value}, cells)])"""
    files = {}
    for entry in sorted(os.listdir(folder)):
        if not entry.endswith(".csv"):
            continue
        data = open(os.path.join(folder, entry), "rb").read()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252")
        reader = csv.reader(text.splitlines(keepends=True))
        rows, heading, before = [], None, 0
        for cells in reader:
            line, before = before + 1, reader.line_num
            cells = [c.replace("\r\n", "\n") for c in cells]
            if not cells or cells == [""]:
                continue
            if heading is None:
                heading = [c.strip() for c in cells]
            else:
                rows.append((line, dict(zip([h.lower() for h in heading], cells)), cells))
        files[entry[:-4]] = (heading or [], rows)
    return files


# --- days, read as docs/OFFICE.md says ---

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def orders_of(text):
    """Each order in which the text is a day: {name: date}"""
    words = re.split(r"[T ]", text.strip(), maxsplit=1)[0]
    parts = re.split(r"[-/.]", words)
    found = {}

    def put(name, y, m, d):
        try:
            found[name] = date(int(y), int(m), int(d))
        except ValueError:
            pass

    if len(parts) == 3:
        a, b, c = parts
        if len(a) == 4 and b.isdigit() and c.isdigit():
            put("year", a, b, c)
        elif len(c) == 4 and a.isdigit() and b.isdigit():
            put("month", c, a, b)
            put("day", c, b, a)
        elif len(c) == 4 and b[:3].lower() in MONTHS:
            put("name", c, MONTHS.index(b[:3].lower()) + 1, a)
    elif re.fullmatch(r"\d{8}", words):
        put("year", words[:4], words[4:6], words[6:])
    return found


def day_reader(values):
    """A reader of the days of a column: of one that may be read in several orders, the first that all such leave."""
    left = {"year", "month", "day", "name"}
    for v in values:
        found = orders_of(v)
        if len(found) > 1 or "month" in found or "day" in found:
            left &= set(found)

    def read(text):
        found = orders_of(text)
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        for name in ("year", "month", "day", "name"):
            if name in found and name in left:
                return found[name]
        return None

    return read


# --- which column is which field ---


def words(row, *columns):
    return " ".join(row.get(c.lower(), "").strip() for c in columns if row.get(c.lower(), "").strip())


def squeeze(text):
    return " ".join(("" if text is None else str(text)).split())


class Check:
    """One export's tables, by the source's keys."""

    def __init__(self, tables):
        self.by = {t: {r["source_id"]: r for r in rows if r.get("source_id") is not None} for t, rows in tables.items()}
        self.ids = {t: {r["id"]: r for r in rows} for t, rows in tables.items()}
        self.cells = 0

    def same(self, where, column, said, stands):
        self.cells += 1
        if squeeze(said) != squeeze(stands):
            wrong(f"{where}: {column} is {said!r} in the file, and {stands!r} in the record")

    def has(self, where, column, said, elements):
        self.cells += 1
        if squeeze(said) not in [squeeze(e) for e in json.loads(elements or "[]")]:
            wrong(f"{where}: {column} is {said!r} in the file, and the record has {elements}")

    def day(self, where, column, said, stands):
        self.cells += 1
        if (str(said) if said else "") != (stands or "")[:10]:
            wrong(f"{where}: {column} is {said} in the file, and {stands!r} in the record")

    def refers(self, where, column, key, table, id_):
        self.cells += 1
        there = self.ids[table].get(id_, {}).get("source_id")
        if (key or None) != there:
            wrong(f"{where}: {column} is {key!r} in the file, and {there!r} in the record")


HOUSEHOLD = {"1": "head of the household", "2": "child of the head", "3": "partner of the head",
             "4": "relative of the head", "5": "not related to the head"}


def hmis_user(c, row, where, read, left, export):
    u = c.by["user"][row["userid"]]
    if words(row, "UserFirstName", "UserLastName"):
        c.same(where, "name", words(row, "UserFirstName", "UserLastName"), u["name"])
    c.same(where, "UserPhone", row.get("userphone", ""), u["phone"])
    c.same(where, "UserEmail", row.get("useremail", ""), u["email"])


def hmis_organization(c, row, where, read, left, export):
    c.same(where, "OrganizationName", row.get("organizationname", ""), c.by["provider"][row["organizationid"]]["name"])


def hmis_project(c, row, where, read, left, export):
    p = [r for r in c.tables["provider"] if r["source_id"] == row["projectid"] and r["type"] == "project"][0]
    c.same(where, "ProjectName", row.get("projectname", ""), p["name"])
    if "organizationid" not in left:
        c.refers(where, "OrganizationID", row.get("organizationid"), "provider", p["parent"])


def hmis_client(c, row, where, read, left, export):
    p = c.by["client"][row["personalid"]]
    c.same(where, "name", words(row, "FirstName", "MiddleName", "LastName", "NameSuffix"), p["legal_name"])
    if "dob" not in left:
        c.day(where, "DOB", read["dob"](row.get("dob", "")), p["birth_date"])
    c.same(where, "Sex", {"0": "female", "1": "male"}.get(row.get("sex"), ""), p["gender"])
    c.same(where, "VeteranStatus", {"0": "0", "1": "1"}.get(row.get("veteranstatus"), ""),
           "" if p["veteran"] is None else int(p["veteran"]))
    ssn, quality = row.get("ssn", ""), row.get("ssndataquality", "")
    if len(ssn.encode()) >= 9 and "x" not in ssn.lower() and quality in ("", "1"):
        c.has(where, "SSN", "SSN " + ssn, p["identifier"])
    elif ssn:
        c.cells += 1
        if ssn in (p["identifier"] or ""):
            wrong(f"{where}: a part of a number stands in the record")


def hmis_enrollment(c, row, where, read, left, export):
    k = c.by["case"][row["enrollmentid"]]
    c.same(where, "EnrollmentID", row["enrollmentid"], k["number"])
    c.refers(where, "PersonalID", row["personalid"], "client", k["client"])
    if "projectid" not in left:
        c.refers(where, "ProjectID", row.get("projectid"), "provider", k["program"])
    if "entrydate" not in left:
        c.day(where, "EntryDate", read["entrydate"](row.get("entrydate", "")), k["opened"])
    c.same(where, "HouseholdID", row.get("householdid", ""), k["household"])
    c.same(where, "RelationshipToHoH", HOUSEHOLD.get(row.get("relationshiptohoh"), ""), k["relationship"])
    if row.get("livingsituation"):
        c.same(where, "LivingSituation", row["livingsituation"] + " (HUD list 3.12.1)", k["living_situation"])
    user = row.get("userid", "")
    if user and "userid" not in left and k["status"] is not None:
        mine = [a for a in c.tables["assignment"] if a["scope"] == k["id"] and a["status"] == "active"]
        c.cells += 1
        if user not in [c.ids["user"][a["user"]]["source_id"] for a in mine if a["user"] in c.ids["user"]]:
            wrong(f"{where}: UserID is {user!r} in the file, and the case is assigned to another")


def hmis_exit(c, row, where, read, left, export):
    k = c.by["case"][row["enrollmentid"]]
    if "exitdate" not in left:
        c.day(where, "ExitDate", read["exitdate"](row.get("exitdate", "")), k["closed"])
        c.same(where, "status", "closed", k["status"])
    if row.get("destination"):
        c.same(where, "Destination", f"destination {row['destination']} (HUD list 3.12.1)", k["outcome"])


def hmis_services(c, row, where, read, left, export):
    s = c.by["service"][row["servicesid"]]
    c.refers(where, "EnrollmentID", row["enrollmentid"], "case", s["scope"])
    if "dateprovided" not in left:
        c.day(where, "DateProvided", read["dateprovided"](row.get("dateprovided", "")), s["started"])
    c.same(where, "RecordType", "bed night" if row.get("recordtype") == "200" else "HUD service", s["type"])
    c.same(where, "code", row.get("recordtype", "") + "/" + row.get("typeprovided", ""), s["code"])
    if row.get("faamount"):
        c.cells += 1
        if s["amount"] is None or round(float(row["faamount"]) * 100) != round(float(s["amount"])):
            wrong(f"{where}: FAAmount is {row['faamount']}, and the record has {s['amount']}")


def hmis_health(c, row, where, read, left, export):
    alerts = c.by["client"][row["personalid"]]["alert"] or ""
    c.cells += 1
    if row.get("currentlyfleeing") in ("0", "1") and ("fleeing" in alerts) != (row["currentlyfleeing"] == "1"):
        wrong(f"{where}: CurrentlyFleeing is {row['currentlyfleeing']}, and the record's alerts are {alerts!r}")


def synthea_place(c, row, where, read, left, export):
    p = c.by["provider"][row["id"]]
    c.same(where, "NAME", row["name"], p["name"])
    address = ", ".join(x for x in (row.get("address", "").strip(), words(row, "CITY", "STATE", "ZIP")) if x)
    c.same(where, "ADDRESS", address, p["address"])
    if "phone" in row:
        c.same(where, "PHONE", row["phone"], p["phone"])
    if "organization" in row:
        c.same(where, "SPECIALITY", row["speciality"], p["type"])
        c.refers(where, "ORGANIZATION", row["organization"], "provider", p["parent"])


def synthea_patient(c, row, where, read, left, export):
    p, k = c.by["client"][row["id"]], c.by["case"][row["id"]]
    c.same(where, "name", words(row, "FIRST", "MIDDLE", "LAST", "SUFFIX"), p["legal_name"])
    c.day(where, "BIRTHDATE", read["birthdate"](row["birthdate"]), p["birth_date"])
    c.day(where, "DEATHDATE", read["deathdate"](row["deathdate"]), p["death_date"])
    c.same(where, "GENDER", {"F": "female", "M": "male"}.get(row["gender"], row["gender"]), p["gender"])
    address = ", ".join(x for x in (row["address"].strip(), words(row, "CITY", "STATE", "ZIP")) if x)
    c.same(where, "ADDRESS", address, p["address"])
    for column, name in (("ssn", "SSN "), ("drivers", "driver's licence "), ("passport", "passport ")):
        if row[column]:
            c.has(where, column.upper(), name + row[column], p["identifier"])
    seen = sorted(r["start"] for _, r, _ in export["encounters"][1] if r["patient"] == row["id"] and r["start"])
    c.day(where, "the first START", seen[0][:10] if seen else "", k["opened"])
    c.same(where, "status", "closed" if row["deathdate"] else "open", k["status"])


def synthea_course(c, row, where, read, left, export):
    is_service = "provider" in row
    s = c.by["service" if is_service else "plan"][row["id"]]
    c.refers(where, "PATIENT", row["patient"], "case", s["scope"])
    c.same(where, "START", row["start"], s["started"])
    c.same(where, "STOP", row["stop"], s["ended"])
    c.same(where, "CODE", row["code"], s["code"])
    c.same(where, "DESCRIPTION", row["description"], s["type" if is_service else "title"])
    c.same(where, "REASONDESCRIPTION", row["reasondescription"], s["reason"])
    if is_service:
        c.refers(where, "PROVIDER", row["provider"], "provider", s["provider"])


def synthea_condition(c, row, where, read, left, export):
    p = c.by["client"][row["patient"]]
    what = row["description"]
    c.has(where, "DESCRIPTION", what, p["need" if what.endswith("(finding)") else "diagnosis"])


def synthea_allergy(c, row, where, read, left, export):
    c.cells += 1
    stands = json.loads(c.by["client"][row["patient"]]["allergy"] or "[]")
    # One allergy with several reactions may stand in several rows: each reaction and the substance must be there.
    mine = [a for a in stands if a.startswith(row["description"])]
    for column in ("description1", "description2"):
        if row.get(column) and not any(row[column] in a for a in mine):
            wrong(f"{where}: {column} is {row[column]!r}, and the record has {stands}")
    severities = {row.get("severity1", ""), row.get("severity2", "")}
    worst = "severe" if "SEVERE" in severities else "moderate" if "MODERATE" in severities else ""
    if not mine or (worst and not any(f"({worst}" in a for a in mine)):
        wrong(f"{where}: the allergy {row['description']!r} ({worst}) is not in the record: {stands}")


# format -> file -> (key, columns that are read, check of a taken row)
FORMATS = {
    "hmis": {
        "User": ("UserID", "UserID UserFirstName UserLastName UserPhone UserEmail DateUpdated DateDeleted", hmis_user),
        "Organization": ("OrganizationID", "OrganizationID OrganizationName DateUpdated DateDeleted", hmis_organization),
        "Project": ("ProjectID", "ProjectID OrganizationID ProjectName DateUpdated DateDeleted", hmis_project),
        "Client": ("PersonalID", "PersonalID FirstName MiddleName LastName NameSuffix DOB Sex VeteranStatus SSN "
                   "SSNDataQuality DateUpdated DateDeleted", hmis_client),
        "Enrollment": ("EnrollmentID", "EnrollmentID PersonalID ProjectID EntryDate HouseholdID RelationshipToHoH "
                       "LivingSituation UserID DateUpdated DateDeleted", hmis_enrollment),
        "Exit": ("ExitID", "ExitID EnrollmentID ExitDate Destination DateUpdated DateDeleted", hmis_exit),
        "Services": ("ServicesID", "ServicesID EnrollmentID DateProvided RecordType TypeProvided FAAmount DateUpdated "
                     "DateDeleted", hmis_services),
        "HealthAndDV": ("HealthAndDVID", "HealthAndDVID PersonalID InformationDate CurrentlyFleeing DateUpdated "
                        "DateDeleted", hmis_health),
        "Export": ("ExportID", "ExportID ExportDate", None),
    },
    "synthea": {
        "patients": ("Id", "Id BIRTHDATE DEATHDATE FIRST MIDDLE LAST SUFFIX GENDER ADDRESS CITY STATE ZIP SSN DRIVERS "
                     "PASSPORT", synthea_patient),
        "encounters": ("Id", "Id START STOP PATIENT PROVIDER CODE DESCRIPTION REASONDESCRIPTION", synthea_course),
        "careplans": ("Id", "Id START STOP PATIENT CODE DESCRIPTION REASONDESCRIPTION", synthea_course),
        "conditions": ("PATIENT", "PATIENT STOP DESCRIPTION", synthea_condition),
        "allergies": ("PATIENT", "PATIENT STOP DESCRIPTION DESCRIPTION1 SEVERITY1 DESCRIPTION2 SEVERITY2",
                      synthea_allergy),
        "organizations": ("Id", "Id NAME ADDRESS CITY STATE ZIP PHONE", synthea_place),
        "providers": ("Id", "Id ORGANIZATION NAME SPECIALITY ADDRESS CITY STATE ZIP", synthea_place),
    },
}

# --- the account ---


def read_report(path):
    rows, values, columns, files = {}, {}, {}, {}
    for r in csv.DictReader(open(path, newline="", encoding="utf-8")):
        if r["outcome"] == "writes":
            continue
        if r["line"] and not r["column"]:
            if (r["file"], int(r["line"])) in rows:
                wrong(f"{r['file']}.csv:{r['line']} stands in the report twice")
            rows[r["file"], int(r["line"])] = r
        elif r["line"]:
            values.setdefault((r["file"], int(r["line"])), []).append(r)
        elif r["column"]:
            columns[r["file"], r["column"]] = r
        else:
            files[r["file"]] = r
    return rows, values, columns, files


def account_rows(name, known, export, report, counts):
    rows, values, _, _ = report
    for line, row, cells in export[name][1]:
        r = rows.pop((name, line), None)
        where = f"{name}.csv:{line}"
        if r is None:
            wrong(f"{where} is not in the report")
            continue
        counts[r["outcome"]] = counts.get(r["outcome"], 0) + 1
        if len(cells) == len(export[name][0]) and squeeze(r["key"]) != squeeze(row.get(known[0].lower(), "")):
            wrong(f"{where}: its key is {row.get(known[0].lower())!r}, and the report says {r['key']!r}")
        for v in values.get((name, line), []):
            counts["values left"] = counts.get("values left", 0) + 1
            if v["column"].lower() in row and squeeze(row[v["column"].lower()]) != squeeze(v["value"]):
                wrong(f"{where}: {v['column']} is {row[v['column'].lower()]!r}, and the report says {v['value']!r}")


def account_columns(name, known, export, report):
    heading, rows = export[name]
    reads = {c.lower() for c in known[1].split()}
    whole = [cells for _, _, cells in rows if len(cells) == len(heading)]
    for i, column in enumerate(heading):
        said = report[2].pop((name, column), None)
        filled = sum(1 for cells in whole if cells[i] != "")
        if (column.lower() in reads) == (said is not None):
            wrong(f"{name}.csv: the column {column} is {'read and named' if said else 'neither read nor named'}")
        elif said is not None and not said["why"].endswith(f": {filled}"):
            wrong(f"{name}.csv: the column {column} has {filled} values, and the report says {said['why']!r}")
    for column in known[1].split():
        if column.lower() not in [h.lower() for h in heading] and report[2].pop((name, column), None) is None:
            wrong(f"{name}.csv lacks the column {column}, and the report does not say so")


def account_cells(name, known, export, report, check):
    heading, rows = export[name]
    read = {h.lower(): day_reader([r.get(h.lower(), "") for _, r, _ in rows]) for h in heading}
    for line, row, _ in rows:
        r = report[0].get((name, line))
        if known[2] is None or r is None or r["outcome"] != "taken":
            continue
        left = {v["column"].lower() for v in report[1].get((name, line), [])}
        row = {h: v.strip() for h, v in row.items()}
        try:
            known[2](check, row, f"{name}.csv:{line}", read, left, export)
        except (KeyError, IndexError) as what:
            wrong(f"{name}.csv:{line} was taken, and the record has no {what}")


def outline(report):
    """The report without keys and values: runs of lines that ended alike."""
    lines, run = [], None
    for (name, line), r in sorted(report[0].items()):
        if run and run[0] == name and run[3] == (r["outcome"], r["why"]):
            run[2] = line
        else:
            run = [name, line, line, (r["outcome"], r["why"])]
            lines.append(run)
    out = [f"{n} {a}-{b} {o}: {w}" if a != b else f"{n} {a} {o}: {w}" for n, a, b, (o, w) in lines]
    out += [f"{n} {line} {v['column']} left: {v['why']}" for (n, line), vs in sorted(report[1].items()) for v in vs]
    out += [f"{n} {c} {r['outcome']}: {r['why']}" for (n, c), r in sorted(report[2].items()) if "rows with" not in r["why"]]
    out += [f"{n} {r['outcome']}: {r['why']}" for n, r in sorted(report[3].items())]
    return "\n".join(out) + "\n"


def compare(expected, now, writes):
    if writes:
        open(expected, "w", encoding="utf-8").write(now)
        return
    want = open(expected, encoding="utf-8").read()
    if want != now:
        import difflib
        for line in difflib.unified_diff(want.splitlines(), now.splitlines(), "expected", "the report", lineterm="", n=0):
            wrong(line)


def main(argv):
    writes, older = "-w" in argv, "-o" in argv
    folder, report_path, tables_path, *expected = [a for a in argv if a not in ("-w", "-o")]
    export = read_export(folder)
    report = read_report(report_path)
    if expected:
        compare(expected[0], outline(report), writes)
    tables = json.load(open(tables_path, encoding="utf-8"))
    known = FORMATS["synthea" if "patients" in export else "hmis"]
    check, counts = Check(tables), {}
    check.tables = tables
    for name in export:
        if name not in known:
            said = report[3].get(name)
            if said is None or not said["why"].endswith(f"; rows: {len(export[name][1])}"):
                wrong(f"{name}.csv has {len(export[name][1])} rows that are not read, and the report says {said}")
            counts["not read"] = counts.get("not read", 0) + len(export[name][1])
            continue
        if not older:
            account_cells(name, known[name], export, report, check)
        account_rows(name, known[name], export, report, counts)
        account_columns(name, known[name], export, report)
    for (name, line) in report[0]:
        wrong(f"the report has {name}.csv:{line}, and the file has no such row")
    for (name, column) in report[2]:
        if name in export:
            wrong(f"the report has a column {column} of {name}.csv, and the file has none")
    total = sum(len(rows) for _, rows in export.values())
    rows = sum(n for what, n in counts.items() if what != "values left")
    if rows != total:
        wrong(f"{rows} rows are accounted for, of {total}")
    for p in problems[:50]:
        print(p)
    print(f"{total} rows: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())) +
          f"; {check.cells} cells compared; {len(problems)} differences")
    return 1 if problems else 0


sys.exit(main(sys.argv[1:]))
