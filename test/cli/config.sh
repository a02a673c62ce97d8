#!/usr/bin/env bash
# config.sh - where settings come from, which wins, and what is refused.
. "$(dirname "$0")/lib/cli.bash"

# statements that name no table need no configuration
run 0 run -f csv -q -c "SELECT count(*) AS n FROM sample_sales()"
out_is 'n
999'

# any other use says where it looked, and makes nothing
run 2 run -c "SELECT * FROM demo.t"
err_has "no configuration: looked for --config, FIRN_CONFIG, firn.yaml and .pyiceberg.yaml in $work"
err_has 'firn init'
run 2 run -c "CREATE SCHEMA demo"
run 2 refresh demo.t
[ "$(ls)" = "err
out" ] || fail "something was made: $(ls)"

# firn init
mkdir lake
run 0 init lake
err_has 'made firn.yaml, firn.db and warehouse/ in lake'
[ -f lake/firn.yaml ] && [ -f lake/firn.db ] || fail "init made $(ls lake)"
cp lake/firn.yaml before
run 2 init lake
err_has 'exists already; nothing changed'
cmp lake/firn.yaml before || fail "init changed firn.yaml"
run 0 init --warehouse lake/tables other
err_has 'made firn.yaml and firn.db in other; tables lie in lake/tables'
run 0 run --config other/firn.yaml -q -c "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a"
[ -d lake/tables/s ] && [ ! -e other/warehouse ] || fail "tables do not lie in lake/tables"
run 0 init --warehouse 's3://bucket/a b#c' third
grep -qF "warehouse: 's3://bucket/a b#c'" third/firn.yaml || fail "$(cat third/firn.yaml)"
run 2 init --warehouse '' fourth
err_has "the warehouse's name is empty"
[ ! -e fourth ] || fail "fourth was made"
run 0 init -q "it's"
run 0 run --config "it's/firn.yaml" -q -c "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a"
[ -d "it's/warehouse/s" ] || fail "tables do not lie in it's/warehouse"
run 2 run --warehouse x -c "SELECT 1"
err_has 'firn: run takes no option --warehouse'
run 1 init /proc/nowhere
err_has "cannot make the folder /proc/nowhere"
cd lake
run 0 run -q -c "CREATE SCHEMA demo; CREATE TABLE demo.t AS SELECT 1 AS a"
run 0 run -c "SELECT * FROM demo.t"
err_has "firn: catalog lakehouse, warehouse file://$work/lake/warehouse, sqlite"
run 0 run -q -c "SELECT * FROM demo.t"
err_is_empty
run 0 run -c "SELECT 1 AS a"
err_is_empty
cd ..

# --config, FIRN_CONFIG, environment variables alone
run 0 run --config lake/firn.yaml -f csv -q -c "SELECT * FROM demo.t"
out_is 'a
1'
FIRN_CONFIG=lake/firn.yaml run 0 run -f csv -q -c "SELECT * FROM lakehouse.demo.t"
FIRN_CATALOG__LAKEHOUSE__TYPE=sql FIRN_CATALOG__LAKEHOUSE__URI=sqlite:///$work/lake/firn.db \
    FIRN_CATALOG__LAKEHOUSE__WAREHOUSE=file://$work/lake/warehouse run 0 run -f csv -q -c "SELECT * FROM demo.t"
out_is 'a
1'
run 2 run --config nowhere.yaml -c "SELECT 1"
err_has 'configuration nowhere.yaml cannot be read: No such file or directory'
run 2 run --config "$work" -c "SELECT 1"
err_has 'Is a directory'

# .pyiceberg.yaml: what is not firn's is PyIceberg's
mkdir pyiceberg
cat >pyiceberg/.pyiceberg.yaml <<END
max-workers: 8
legacy-current-snapshot-id: true
something: [a, {b: c}, [d]]
nested: {deep: [1]}
default-catalog: lakehouse
catalog:
  other: {type: rest, uri: "http://127.0.0.1:1"}
  lakehouse:
    type: sql
    uri: sqlite:///$work/lake/firn.db
    warehouse: file://$work/lake/warehouse
END
cd pyiceberg
run 0 run -f csv -q -c "SELECT * FROM demo.t"
out_is 'a
1'
run 9 run --default-catalog other -c "SELECT * FROM demo.t"
err_has ": catalog other"
FIRN_DEFAULT_CATALOG=none run 2 run -q -c "SELECT * FROM demo.t"
err_has 'default-catalog "none" is not among the catalogs'
cd ..

# firn.yaml is strict
yaml() { printf '%b' "$1" >firn.yaml; }
refused() { # yaml, message...
    local message
    yaml "$1"; shift
    run 2 run -c "SELECT 1"
    for message in "$@"; do err_has "$message"; done
}
refused 'memroy: 1GiB\n' 'firn.yaml line 1: memroy is not a known key' 'Perhaps you meant "memory".'
refused 'memory: 1GiB\nmax-workers: 1\n' 'firn.yaml line 2: max-workers is not a known key'
refused 'catalogs:\n  a: {type: sql}\n' 'firn.yaml line 2: catalogs is not a known key' 'Perhaps you meant "catalog".'
refused 'memory: [1, 2]\n' 'firn.yaml line 1: memory must be one value'
refused 'run-id: x\n' 'firn.yaml line 1: run-id is for the command line and the environment only'
refused 'catalog: x\n' 'firn.yaml line 1: catalog is not a known key'
refused 'catalog:\n  a: b\n' 'firn.yaml line 2: catalog.a needs keys of its own'
refused 'threads: many\n' 'firn.yaml line 1: threads must be a whole number'
refused 'threads: 0\n' 'threads must be a whole number'
refused 'busy: -5\n' 'busy must be a whole number'
refused 'memory: lots\n' '"lots" is no amount of memory'
refused 'timezone: Nowhere/Land\n' 'Nowhere/Land'
refused 'a: b: c\n' 'firn.yaml line 1: mapping values are not allowed'
refused 'just text\n' 'firn.yaml line 1: expected key: value'
refused 'a: &x 1\nb: *x\n' 'firn.yaml line 2: aliases have no meaning here'
refused '- a\n- b\n' 'firn.yaml line 1: expected key: value'

# catalogs: types, addresses and their lines; only the one that is used counts
catalog_refused() { # keys of a catalog, message...
    local message
    yaml "catalog:\n  other: {type: hive, uri: 'thrift://h:1'}\n  lake:\n$1default-catalog: lake\n"; shift
    run 2 run -c "SELECT * FROM demo.t"
    for message in "$@"; do err_has "$message"; done
    run 0 run -q -c "SELECT 1"
}
catalog_refused '    type: nesie\n    uri: http://h/api/v2\n' 'firn.yaml line 4: type of catalog "lake" is "nesie"; firn opens nessie, rest and sql'
catalog_refused '    warehouse: s3://b/w\n    type: glue\n' 'firn.yaml line 5: type of catalog "lake" is "glue"'
catalog_refused '    warehouse: s3://b/w\n' 'firn.yaml line 4: catalog "lake" needs a type: nessie, rest or sql'
catalog_refused '    type: sql\n    warehouse: file:///w\n' 'firn.yaml line 4: catalog "lake" needs a uri: sqlite:////absolute/path.db'
catalog_refused '    type: sql\n    uri: sqlite:////x.db\n' 'firn.yaml line 4: catalog "lake" needs a warehouse'
catalog_refused '    type: nessie\n    uri: http://h/api/v2\n' 'firn.yaml line 4: catalog "lake" needs a warehouse'
catalog_refused '    type: rest\n    uri: ""\n' 'firn.yaml line 4: catalog "lake" needs a uri: https://host/path'
catalog_refused '    type: rest\n    uri: 127.0.0.1:8181\n' 'firn.yaml line 5: uri of catalog "lake" must begin with http:// or https://'
catalog_refused '    type: nessie\n    uri: http://h/api/v2\n    warehouse: s3://b\n    io-impl: org.apache.iceberg.azure.adlsv2.ADLSFileIO\n' 'firn.yaml line 7: io-impl of catalog "lake" must be S3FileIO'
yaml "catalog:\n  lake:\n    uri: sqlite:///$work/lake/firn.db\n    warehouse: file://$work/lake/warehouse\n    s3: {endpont: 'http://h'}\n    # a comment\n    tokn: x\n"
run 0 run -c "CREATE SCHEMA IF NOT EXISTS demo"
err_has 'firn.yaml line 5: s3.endpont of catalog "lake" has no meaning here'
err_has 'firn.yaml line 7: tokn of catalog "lake" has no meaning here'
FIRN_CATALOG__LAKE__TYPE=hive run 2 run -c "SELECT * FROM demo.t"
err_has 'environment: type of catalog "lake" is "hive"'

# an environment is laid over a catalog key by key
yaml "catalog:\n  lakehouse:\n    type: sql\n    uri: sqlite:////nowhere/x.db\n    warehouse: file://$work/lake/warehouse\nenvironments:\n  here:\n    catalog: {lakehouse: {uri: 'sqlite:///$work/lake/firn.db'}}\n"
run 2 run -q -c "SELECT * FROM demo.t"
run 0 run -q -f csv --environment here -c "SELECT * FROM demo.t"
out_is 'a
1'
FIRN_CATALOG__LAKEHOUSE__URI=sqlite:////elsewhere/y.db run 2 run -q --environment here -c "SELECT * FROM demo.t"
err_has '/elsewhere/y.db'

# a variable means a catalog by its name without case and underscores
yaml "catalog:\n  My_Lake:\n    type: sql\n    uri: sqlite:////nowhere/x.db\n    warehouse: file://$work/lake/warehouse\n"
FIRN_CATALOG__MY_LAKE__URI=sqlite:///$work/lake/firn.db run 0 run -c "CREATE SCHEMA IF NOT EXISTS demo"
err_has "catalog My_Lake"
yaml 'memory: 1GiB\n'
run 2 run -c "SELECT * FROM demo.t"
err_has 'firn.yaml names no catalog'

# dashes and underscores, threads is reserved, environments
yaml 'application-name: a\nthreads: 2\nmemory: 64MiB\nsearch_path: demo\nenvironments:\n  production: {application_name: prod, timezone: Europe/Berlin}\n  empty: {}\n  wrong: {memroy: 1}\n'
run 0 run -f csv -q -c "SHOW application_name"
out_is 'application_name
a'
run 0 run -f csv -q --environment production -c "SHOW application_name" -c "SHOW timezone"
out_is 'application_name
prod
timezone
Europe/Berlin'
FIRN_ENVIRONMENT=production FIRN_TIMEZONE=Asia/Tokyo run 0 run -f csv -q -c "SHOW application_name" -c "SHOW timezone" -c "SHOW search_path"
out_is 'application_name
prod
timezone
Asia/Tokyo
search_path
demo'
FIRN_TIMEZONE=Asia/Tokyo run 0 run -f csv -q --timezone Europe/Paris -c "SHOW timezone" -c "SET timezone = 'UTC'" -c "SHOW timezone" -c "SET timezone TO DEFAULT" -c "SHOW timezone"
out_is 'timezone
Europe/Paris
timezone
UTC
timezone
Europe/Paris'
run 0 run -q --environment empty -c "SELECT 1"
run 2 run -q --environment prod -c "SELECT 1"
err_has 'firn.yaml has no environment "prod"'
run 2 run -q --environment wrong -c "SELECT 1"
err_has 'memroy is not a known key'
run 2 run --threads 0 -c "SELECT 1"
err_has 'threads must be a whole number'
run 1 run -q -c "SET no_such_setting = 1"
err_has 'unrecognized setting "no_such_setting"'
run 1 run -q -c "SET firn.overwrite = 'all'"
run 1 run -q -c "SET timezone = 'Nowhere/Land'"
run 1 run -q -c "SHOW no_such_setting"

# a memory limit is kept
run 4 run -q --memory 8MiB -c "SELECT count(DISTINCT random()) FROM sample_sales(rows_per_day => 1000000)"
err_has '--memory'

# secrets are not shown
yaml 'catalog:\n  a:\n    type: sql\n    uri: postgresql+psycopg2://me:hunter2@db/x\n    warehouse: file:///tmp/w\n    s3.secret-access-key: hunter3\n'
run 2 run -c "SELECT * FROM demo.t"
err_has 'uri "postgresql+psycopg2..." is not of the form sqlite'
err_not hunter
run 1 run -c "SHOW all"
err_not hunter
out_not hunter
