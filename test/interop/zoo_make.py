# SPDX-License-Identifier: Apache-2.0
"""zoo_make.py SETTINGS.json - Spark makes the tables of zoo.sql and says what every snapshot, branch and tag of each holds.

SETTINGS: catalog (the settings of one Iceberg catalog), namespace, location (where a table may put files of its own),
files (how many small files), quick, local, others (tables made before, by others), out (the answer, JSON lines). Each line is
{"table", "at", "columns": [[name, type]], "rows": [[text or null]], "count", "digest"}; zoo_rows.py says how a value is written.
Run by Spark's Python with TZ=UTC."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import spark_session
import zoo_animals
import zoo_rows


# What firn's metadata tables have, as Spark says it: (firn's SELECT list, Spark's, Spark's table).
ABOUT = {
    "$snapshots": ("*", """committed_at, snapshot_id, parent_id, operation, manifest_list,
        concat_ws(', ', transform(map_entries(summary), e -> concat(e.key, '=', e.value))) AS summary""", "snapshots"),
    "$history": ("*", "*", "history"),
    "$refs": ("*", """name, type, snapshot_id, max_reference_age_in_ms, CAST(min_snapshots_to_keep AS bigint) AS min_snapshots_to_keep,
        max_snapshot_age_in_ms""", "refs"),
    "$manifests": (
        """path, length, partition_spec_id, content, added_snapshot_id, added_data_files_count, existing_data_files_count,
        deleted_data_files_count""",
        """path, length, partition_spec_id, if(content = 0, 'data', 'deletes') AS content, added_snapshot_id,
        CAST(added_data_files_count + added_delete_files_count AS bigint) AS added_data_files_count,
        CAST(existing_data_files_count + existing_delete_files_count AS bigint) AS existing_data_files_count,
        CAST(deleted_data_files_count + deleted_delete_files_count AS bigint) AS deleted_data_files_count""", "manifests"),
    "$files": (
        "content, file_path, file_format, spec_id, record_count, file_size_in_bytes, sequence_number, snapshot_id",
        """data_file.content, data_file.file_path, data_file.file_format, data_file.spec_id, data_file.record_count,
        data_file.file_size_in_bytes, sequence_number, snapshot_id""", "entries WHERE status < 2"),
    "$partitions": ("sum(record_count) AS n, sum(file_count) AS files, sum(total_size) AS bytes",
                    "sum(record_count) AS n, sum(file_count) AS files, sum(total_data_file_size_in_bytes) AS bytes", "partitions"),
}


class Maker:
    def __init__(self, spark, settings):
        self.spark, self.settings = spark, settings
        self.jvm = spark._jvm

    def fill(self, text, name):
        table = f"lakehouse.{self.settings['namespace']}.{name}"
        for key, value in {"t": table, "n": table.split(".", 1)[1], "c": "lakehouse", "location": self.settings["location"],
                           "files": str(self.settings["files"])}.items():
            text = text.replace("{" + key + "}", value)
        return text

    def make(self, name, statements):
        for statement in statements:
            text = self.fill(statement, name)
            if text.startswith("!"):
                function, argument = text[1:].split(" ", 1)
                getattr(self, function)(self.fill("{t}", name), **json.loads(argument))
            else:
                self.spark.sql(text)

    # ---- what SQL has no word for

    def session(self, _, **values):
        for key, value in values.items():
            self.spark.conf.set(key, value)

    def rollback(self, table, back):
        ids = [r[0] for r in self.spark.sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at").collect()]
        self.spark.sql(f"CALL lakehouse.system.rollback_to_snapshot('{table.split('.', 1)[1]}', {ids[-1 - back]})")

    def staged(self, table, sql):
        self.spark.conf.set("spark.wap.id", "staged")
        self.spark.sql(sql.replace("{t}", table))
        self.spark.conf.unset("spark.wap.id")

    def add_files(self, table, sql, by=None):
        folder = tempfile.mkdtemp(dir=os.path.dirname(self.settings["out"])) + "/files"
        writer = self.spark.sql(sql).coalesce(1).write
        (writer.partitionBy(by) if by else writer).parquet(folder)
        self.spark.sql(f"CALL lakehouse.system.add_files(table => '{table.split('.', 1)[1]}', source_table => '`parquet`.`{folder}`')")

    def java_table(self, table):
        return self.jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, table)

    def equality_delete(self, table, columns, rows, partition_of=None):
        """A delete file by Iceberg's own writer; global where the table's current spec is unpartitioned."""
        jvm, t = self.jvm, self.java_table(table)
        schema, spec = t.schema(), t.spec()
        ids = jvm.java.util.HashSet()
        numbers = self.spark.sparkContext._gateway.new_array(jvm.int, len(columns))
        for i, column in enumerate(columns):
            numbers[i] = schema.findField(column).fieldId()
            ids.add(numbers[i])
        keys = jvm.org.apache.iceberg.types.TypeUtil.select(schema, ids)
        def record(struct, values):  # by path: a member of a struct is "p.a"
            r = jvm.org.apache.iceberg.data.GenericRecord.create(struct)
            for field in struct.fields():
                name, inside = field.name(), field.name() + "."
                members = {path[len(inside):]: v for path, v in values.items() if path.startswith(inside)}
                r.setField(name, record(field.type().asStructType(), members) if members else values[name])
            return r

        def of(values):
            return record(keys.asStruct(), dict(zip(columns, values)))

        partition = None
        if partition_of is not None:
            partition = jvm.org.apache.iceberg.PartitionKey(spec, keys)
            partition.partition(of(partition_of))
        factory = jvm.org.apache.iceberg.data.GenericAppenderFactory(schema, spec, numbers, keys, None)
        path = f"{t.location()}/data/equality-{jvm.java.util.UUID.randomUUID()}.parquet"
        encrypted = jvm.org.apache.iceberg.encryption.EncryptedFiles.plainAsEncryptedOutput(t.io().newOutputFile(path))
        writer = factory.newEqDeleteWriter(encrypted, jvm.org.apache.iceberg.FileFormat.PARQUET, partition)
        for values in rows:
            writer.write(of(values))
        writer.close()
        t.newRowDelta().addDeletes(writer.toDeleteFile()).commit()

    def add_default(self, table, name, type, value):
        """A column with defaults, which no SQL of this Spark gives: the schema is committed as metadata."""
        jvm, t = self.jvm, self.java_table(table)
        types = jvm.org.apache.iceberg.types.Types
        operations = t.operations()
        base = operations.current()
        of = {"string": types.StringType, "int": types.IntegerType}[type].get()
        fields = jvm.java.util.ArrayList(base.schema().columns())
        fields.add(types.NestedField.optional(name).withId(base.lastColumnId() + 1).ofType(of).withInitialDefault(value)
                   .withWriteDefault(value).build())
        operations.commit(base, base.updateSchema(jvm.org.apache.iceberg.Schema(fields)))

    # ---- what they hold

    def views(self, name):
        """-> (what firn calls it, its snapshot, the SELECT)"""
        table = self.fill("{t}", name)
        refs = {r[0]: r[1] for r in self.spark.sql(f"SELECT name, snapshot_id FROM {table}.refs").collect()}
        snapshots = [r[0] for r in self.spark.sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at").collect()]
        yield None, refs.get("main"), f"SELECT * FROM {table}"
        for ref in sorted(refs):
            yield ref, refs[ref], f"SELECT * FROM {table} VERSION AS OF '{ref}'"
        for snapshot in snapshots:
            yield str(snapshot), snapshot, f"SELECT * FROM {table} VERSION AS OF {snapshot}"
        for at, snapshot in self.spark.sql(f"SELECT CAST(made_current_at AS string), snapshot_id FROM {table}.history").collect():
            if snapshot in snapshots:
                yield at, snapshot, f"SELECT * FROM {table} TIMESTAMP AS OF '{at}'"

    def about(self, name, out):
        for at, (asked, selected, of) in ABOUT.items():
            view = zoo_rows.view(*zoo_rows.of_spark(self.spark.sql(f"SELECT {selected} FROM {self.fill('{t}', name)}.{of}")))
            out.write(json.dumps({"table": name, "at": at, "asked": asked, **view}) + "\n")

    def dump(self, name, out):
        known = {}  # a snapshot under one schema is read once
        for at, snapshot, sql in self.views(name):
            frame = self.spark.sql(sql)
            key = snapshot, frame.schema.json()
            if key not in known:
                known[key] = zoo_rows.view(*zoo_rows.of_spark(frame))
            out.write(json.dumps({"table": name, "at": at, **known[key]}) + "\n")


def main():
    with open(sys.argv[1]) as f:
        settings = json.load(f)
    spark_session.prepare()
    spark = spark_session.session({"lakehouse": settings["catalog"]})
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS lakehouse.{settings['namespace']}")
    maker = Maker(spark, settings)
    failed = 0
    with open(settings["out"], "w") as out:
        for name, flags, statements in zoo_animals.of("zoo.sql"):
            if (settings["quick"] and "quick" not in flags) or (not settings["local"] and "local" in flags):
                continue
            if settings.get("only") and name not in settings["only"]:
                continue
            try:
                maker.make(name, statements)
                maker.dump(name, out)
                if "about" in flags or not settings["quick"]:
                    maker.about(name, out)
            except Exception as e:  # the others are made and judged all the same
                failed = 1
                print(f"Spark cannot make {name}: {' '.join(str(e).split()[:60])}", flush=True)
        spark.conf.set("spark.sql.iceberg.vectorization.enabled", "false")  # that reader does not take others' uuids
        for name in settings["others"]:
            maker.dump(name, out)
            if not settings["quick"]:
                maker.about(name, out)
    spark.stop()
    return failed


sys.exit(main())
