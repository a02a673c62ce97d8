#!/usr/bin/env bash
# spark_conf.sh - --spark-conf and --conf: Spark's settings give the catalog that Spark would have.
. "$(dirname "$0")/lib/cli.bash"

run 0 init lake
cat >spark.conf <<END
# what a Spark session with Iceberg's JdbcCatalog has
spark.app.name                                  nightly \\
                                                job
spark.master = local[2]
spark.sql.catalog.lakehouse: org.apache.iceberg.spark.SparkCatalog
spark.sql.catalog.lakehouse.catalog-impl        org.apache.iceberg.jdbc.JdbcCatalog
spark.sql.catalog.lakehouse.uri                 jdbc:sqlite:$work/lake/firn.db
spark.sql.catalog.lakehouse.warehouse           file://$work/lake/warehouse
spark.sql.catalog.lakehouse.jdbc.schema-version V1
spark.sql.session.timeZone                      Europe/Berlin
END
run 0 run --spark-conf spark.conf -q -c "CREATE SCHEMA demo; CREATE TABLE demo.t AS SELECT 1 AS a"
run 0 run --spark-conf spark.conf -f csv -c "SELECT * FROM lakehouse.demo.t" -c "SHOW application_name" -c "SHOW timezone"
out_is 'a
1
application_name
nightly job
timezone
Europe/Berlin'
err_has "firn: catalog lakehouse, warehouse file://$work/lake/warehouse, sqlite"
[ "$(grep -c '^firn: spark.conf' err)" = 0 ] || fail "a remark about a key that is known"
FIRN_SPARK_CONF=spark.conf run 0 run -f csv -q -c "SELECT * FROM demo.t"
run 0 refresh --help
out_has '--spark-conf FILE'
out_has '--conf KEY=VALUE'

# --conf alone, in any place, the last of a key counts
run 0 run -f csv -q --conf spark.sql.catalog.lakehouse=org.apache.iceberg.spark.SparkCatalog --conf=spark.sql.catalog.lakehouse.type=hive \
    -c "SELECT * FROM demo.t" --conf spark.sql.catalog.lakehouse.uri=jdbc:sqlite:$work/lake/firn.db \
    --conf spark.sql.catalog.lakehouse.warehouse=file://$work/lake/warehouse --conf spark.sql.catalog.lakehouse.type=jdbc
out_is 'a
1'

# over the file, under the command line's own options
run 0 run --spark-conf spark.conf --conf spark.app.name=conf -f csv -q -c "SHOW application_name"
out_is 'application_name
conf'
FIRN_APPLICATION_NAME=variable run 0 run --spark-conf spark.conf -f csv -q -c "SHOW application_name"
out_is 'application_name
variable'
run 0 run --spark-conf spark.conf --conf spark.app.name=conf --application-name option -f csv -q -c "SHOW application_name"
out_is 'application_name
option'

# over firn.yaml: keys of a catalog of the same name are laid over each other
printf 'catalog:\n  lakehouse: {type: rest, uri: "http://127.0.0.1:1"}\n  other: {type: sql, uri: "sqlite:////nowhere/x.db", warehouse: "file:///nowhere"}\ndefault-catalog: other\n' >firn.yaml
run 0 run --spark-conf spark.conf -f csv -q -c "SELECT * FROM demo.t"
run 2 run --spark-conf spark.conf -q --default-catalog other -c "SELECT * FROM demo.t"
err_has '/nowhere/x.db'
rm firn.yaml

# what has no meaning here is named once, with its line and without its value
cat >>spark.conf <<END
spark.sql.ansi.enabled true
password.of.mine hunter2hunter2
spark.sql.catalog.lakehouse.s3.endpont http://minio
spark.sql.catalog.delta io.delta.sql.DeltaCatalog
spark.sql.catalog.delta.path hunter2hunter2
END
run 0 run --spark-conf spark.conf -c "SELECT count(*) FROM demo.t" -c "SELECT 1"
err_has 'firn: spark.conf line 11: spark.sql.ansi.enabled has no meaning here'
err_has "firn: spark.conf line 12: password.of.mine is left out: Spark's keys begin with \"spark.\""
err_has 'firn: spark.conf line 13: s3.endpont of catalog "lakehouse" has no meaning here'
err_has 'firn: catalog "delta" is left out'
[ "$(grep -c ansi err)" = 1 ] || fail "a remark is repeated"
err_not hunter2
for i in $(seq 100); do echo "spark.x.k$i 1"; done >many.conf
run 0 run --spark-conf many.conf -c "SELECT 1"
err_has 'firn: 80 more keys of the configuration have no meaning here'

# refusals: configuration, exit code 2
refused() { # line, message...
    printf '%b\n' "$1" >bad.conf; shift
    run 2 run --spark-conf bad.conf -c "SELECT * FROM demo.t"
    for message in "$@"; do err_has "$message"; done
    err_not hunter2
}
c=spark.sql.catalog.c
of="$c org.apache.iceberg.spark.SparkCatalog"
refused "a\n\nb \\\\uZZ" 'bad.conf line 3: \u needs the four digits of a character'
refused "$of\n$c.type hive\n$c.uri thrift://h:1" 'bad.conf line 2: type of catalog "c" is "hive"; firn opens nessie, rest and sql' 'registered'
refused "$of\n$c.type hadoop" 'is "hadoop"'
refused "$of\n$c.catalog-impl org.apache.iceberg.aws.glue.GlueCatalog" 'GlueCatalog'
refused "$of\n$c.warehouse s3://b" 'bad.conf line 2: catalog "c" needs type or catalog-impl; without them Spark means a Hive metastore'
refused "$of\n$c.type rest" 'bad.conf line 2: catalog "c" needs a uri: https://host/path'
refused "$of\n$c.type nessie\n$c.uri http://h" 'bad.conf line 2: catalog "c" needs a warehouse'
refused "$of\n$c.type nessie\n$c.uri h:19120\n$c.warehouse s3://b" 'bad.conf line 3: uri of catalog "c" must begin with http:// or https://'
refused "$of\n$c.type rest\n$c.uri https://me:hunter2@h" 'bad.conf line 3: uri of catalog "c" holds a user, a password or a query'
refused "$of\n$c.type rest\n$c.uri https://h\n$c.io-impl org.apache.iceberg.gcp.gcs.GCSFileIO" 'bad.conf line 4: io-impl of catalog "c" must be'
refused "$c.type rest\n$c.uri https://h" 'no configuration'
run 2 run --spark-conf nowhere.conf -c "SELECT 1"
err_has 'configuration nowhere.conf cannot be read: No such file or directory'
run 2 run --conf hunter2 -c "SELECT 1"
err_has 'firn: --conf takes KEY=VALUE'
err_not hunter2
run 2 run spark.hadoop.fs.s3a.secret.key=hunter2
err_has 'is --conf or -v missing?'
err_not hunter2
run 2 --conf
FIRN_CONF=spark.app.name=x run 0 run -c "SELECT 1" # --conf is the command line's alone

# ps shows no value of --conf, nor of a variable with a secret's name
mkfifo script
"$firn" run -q --conf spark.hadoop.fs.s3a.secret.key=hunter2hunter2 --conf=spark.x=hunter2hunter2 -v password=hunter2 -v day=monday script >out 2>err &
pid=$!
exec 3>script # opened when firn reads it: arguments are read by then
tr '\0' ' ' </proc/$pid/cmdline >shown
exec 3>&-
wait $pid || fail "exit $?"
grep -q 'spark.hadoop.fs.s3a.secret.key=\*\*\*' shown || fail "the key is not shown: $(cat shown)"
grep -q 'day=monday' shown || fail "day is not shown: $(cat shown)"
if grep -q hunter2 shown; then fail "shown: $(cat shown)"; fi
run 0 run -q -f csv -v password=hunter2 -c "SELECT :'password' AS p"
out_is 'p
hunter2'

# the settings of the notebook's session builder, as a file, give its catalog
sed -n 's/^ *\.config("\([^"]*\)", "\([^"]*\)").*/\1 \2/p' "$here/../interop/notebook.py" >of_builder
echo 'spark.app.name Pattern-1.6-BatchAgg-development' >>of_builder
example=$here/../../examples/spark-defaults.conf
sed -n 's/^\(spark[^ ]*\)  *\(.*\)$/\1 \2/p' "$example" | sort >of_example
sort of_builder | cmp - of_example || fail "examples/spark-defaults.conf is not what the builder sets"
[ "$(wc -l <of_example)" = 17 ] || fail "the builder has $(wc -l <of_example) settings"
run 9 run --spark-conf "$example" --conf spark.sql.catalog.lakehouse.uri=http://127.0.0.1:9/api/v2 -c "SELECT * FROM demo.t"
err_has 'firn: catalog lakehouse, warehouse s3a://openlakes/warehouse, nessie main at http://127.0.0.1:9/api/v2'
err_not 'has no meaning here'
err_not admin123
