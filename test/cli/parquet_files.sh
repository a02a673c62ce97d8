#!/usr/bin/env bash
# parquet_files.sh - columns of Parquet files that cannot be read: left out of *, said, and refused by name.
. "$(dirname "$0")/lib/cli.bash"
nested=$here/../data/parquet/nested.parquet

run 0 run -f csv -c "SELECT * FROM read_parquet('$nested')"
out_is 'before,list,struct.x,struct.y,after
1,[1],1,a,a
2,,1,a,b
3,"[2,3]",1,a,c'
err_has '* leaves out column "half" (FLOAT16 is not supported)'

run 1 run -c "SELECT before, half FROM read_parquet('$nested')"
err_has 'column "half" cannot be read: FLOAT16 is not supported'
err_has 'SQLSTATE 0A000'

# parts of structs by their path, with and without quotes and table; a struct itself is no column
run 0 run -q -f csv -c "SELECT struct.x, f.struct.y, \"struct.x\" FROM read_parquet('$nested') f WHERE f.struct.x > 0 LIMIT 1"
out_is 'x,y,struct.x
1,a,1'
run 1 run -c "SELECT count(*) FROM read_parquet('$nested') f WHERE f.struct IS NULL"
err_has 'column "struct" is a struct: name its parts, such as struct.x'
err_has 'SQLSTATE 0A000'

# a name that no file has is another matter
run 1 run -c "SELECT halves FROM read_parquet('$nested')"
err_has 'column "halves" does not exist'

# files with field ids, as every table's data files, are read by name all the same
run 0 init -q
run 0 run -q -c "CREATE SCHEMA d; CREATE TABLE d.t AS SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(x, y)"
run 0 run -q -f csv -c "SELECT * FROM read_parquet('warehouse/d/*/data/*.parquet') ORDER BY x"
out_is 'x,y
1,a
2,'
