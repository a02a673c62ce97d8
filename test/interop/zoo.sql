-- zoo.sql - tables as Spark makes them, each below "--- name flags"; zoo_make.py runs the statements.
--
-- {t} is the table. Flags: `quick` (also in the short run), `about` (its metadata tables there, too), `local` (needs files beside the
-- catalog). A line that starts with "!" calls a function of zoo_make.py with the JSON behind it. Every snapshot, branch and tag that a
-- table has at the end is compared, and its state at every time at which it changed, so no statement hides what an earlier one made.
--
-- What no judge writes, or none reads rightly, stands in unit tests, by hand: equality delete files with several structs, deletes on
-- struct members that are dropped since (exec_deletes_test.c); default values of every type, columns of types that are new in
-- version 3 (iceberg_v3_test.c); broken deletion vectors (iceberg_vector_test.c).

--- plain_v1 quick
CREATE TABLE {t} (id bigint, s string) USING iceberg TBLPROPERTIES ('format-version'='1');
INSERT INTO {t} SELECT id, concat('s', id) FROM range(10);
INSERT INTO {t} SELECT id, NULL FROM range(10, 15);
DELETE FROM {t} WHERE id % 4 = 1;

--- plain_v2 quick
CREATE TABLE {t} (id bigint NOT NULL, s string COMMENT 'words') USING iceberg;
INSERT INTO {t} SELECT id, concat('s', id) FROM range(10);
INSERT OVERWRITE {t} SELECT id, 'over' FROM range(3);
INSERT INTO {t} SELECT id, 'more' FROM range(3, 6);

--- empty quick
CREATE TABLE {t} (id bigint, s string, d date) USING iceberg;

--- emptied
CREATE TABLE {t} (id bigint, s string) USING iceberg;
INSERT INTO {t} SELECT id, 'x' FROM range(100);
TRUNCATE TABLE {t};
INSERT INTO {t} VALUES (1, NULL);
DELETE FROM {t};

--- types quick
CREATE TABLE {t} (id int, b boolean, i int, l bigint, f float, d double, n4 decimal(4,2), n9 decimal(9,0), n18 decimal(18,6),
  n38 decimal(38,10), da date, ts timestamp, tn timestamp_ntz, s string, x binary) USING iceberg;
INSERT INTO {t} SELECT id, id % 2 = 0, CAST(id AS int) - 3, id * 1000000007, CAST(id / 7 AS float), id / 7D,
  CAST(id / 10 AS decimal(4,2)), CAST(id * 99999 AS decimal(9,0)), CAST(id AS decimal(18,6)) / 64, CAST(id AS decimal(38,10)) * 1234567890123,
  date_add(DATE '1969-12-28', CAST(id AS int)), TIMESTAMP '1969-12-31 23:59:58.000001' + make_dt_interval(0, 0, 0, id),
  TIMESTAMP_NTZ '2024-02-28 23:59:59.999999' + make_dt_interval(CAST(id AS int)), concat('ä€𝄞 ', id), CAST(concat('b', id) AS binary) FROM range(20);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO {t} VALUES (101, true, 2147483647, 9223372036854775807, float('NaN'), double('NaN'), 99.99, 999999999, 999999999999.999999,
  9999999999999999999999999999.9999999999, DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999', TIMESTAMP_NTZ '9999-12-31 23:59:59.999999', '', X''),
  (102, false, -2147483648, -9223372036854775808, float('-Infinity'), double('-Infinity'), -99.99, -999999999, -999999999999.999999,
  -9999999999999999999999999999.9999999999, DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP_NTZ '0001-01-01 00:00:00', 'a''b"c\\d\n', X'00FF'),
  (103, false, 0, 0, float('-0.0'), double('-0.0'), 0, 0, 0, 0, DATE '1970-01-01', TIMESTAMP '1970-01-01 00:00:00', TIMESTAMP_NTZ '1970-01-01 00:00:00', ' ', X'20'),
  (104, true, 1, 1, float('1.4E-45'), double('4.9E-324'), 0.01, 1, 0.000001, 0.0000000001, DATE '1582-10-15', TIMESTAMP '1582-10-15 00:00:00', TIMESTAMP_NTZ '1900-01-01 00:00:00', repeat('long ', 100), CAST(repeat('z', 300) AS binary));

--- nested quick
CREATE TABLE {t} (id int, p struct<a: int, b: string, c: struct<d: double, e: date>>, l array<bigint>, m map<string, int>,
  ls array<struct<k: string, v: decimal(9,2)>>, ms map<int, struct<q: boolean>>, ll array<array<string>>) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', CAST(id AS int), 'b', concat('x', id), 'c', named_struct('d', id / 2D, 'e', DATE '2024-01-01')),
  array(id, NULL, id + 1), map('k', CAST(id AS int), 'n', NULL), array(named_struct('k', 'a', 'v', CAST(id AS decimal(9,2)))),
  map(CAST(id AS int), named_struct('q', true)), array(array('a', NULL), array()) FROM range(5);
INSERT INTO {t} VALUES (10, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO {t} VALUES (11, named_struct('a', NULL, 'b', NULL, 'c', NULL), array(), map(), array(), map(), array());
INSERT INTO {t} VALUES (12, named_struct('a', 1, 'b', '', 'c', named_struct('d', NULL, 'e', NULL)), array(NULL), map('', 1), array(NULL), map(1, NULL), array(NULL, array('"')));

--- nested_evolved
CREATE TABLE {t} (id int, p struct<a: int, b: string>, l array<struct<x: int>>) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', CAST(id AS int), 'b', 'old'), array(named_struct('x', CAST(id AS int))) FROM range(4);
ALTER TABLE {t} ADD COLUMN p.c double;
ALTER TABLE {t} RENAME COLUMN p.b TO word;
ALTER TABLE {t} ALTER COLUMN p.a TYPE bigint;
ALTER TABLE {t} ADD COLUMN l.element.y string;
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', id * 10000000000, 'word', 'new', 'c', 0.5D), array(named_struct('x', 1, 'y', 'y')) FROM range(4, 8);
ALTER TABLE {t} DROP COLUMN p.a;
ALTER TABLE {t} ALTER COLUMN p.c FIRST;
INSERT INTO {t} VALUES (100, named_struct('c', 1.5D, 'word', 'last'), NULL);

--- evolved quick
CREATE TABLE {t} (id int, a int, b float, c decimal(5,2), gone string) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), CAST(id AS int), CAST(id / 4 AS float), CAST(id AS decimal(5,2)), 'gone' FROM range(10);
ALTER TABLE {t} ADD COLUMNS (added string COMMENT 'later');
ALTER TABLE {t} ALTER COLUMN a TYPE bigint;
ALTER TABLE {t} ALTER COLUMN b TYPE double;
ALTER TABLE {t} ALTER COLUMN c TYPE decimal(12,2);
INSERT INTO {t} SELECT CAST(id AS int), id * 10000000000, id / 3D, CAST(id * 100000 AS decimal(12,2)), 'here', 'added' FROM range(10, 20);
ALTER TABLE {t} DROP COLUMN gone;
ALTER TABLE {t} RENAME COLUMN a TO a2;
ALTER TABLE {t} ADD COLUMN gone int;
ALTER TABLE {t} ALTER COLUMN added FIRST;
ALTER TABLE {t} ALTER COLUMN b AFTER id;
INSERT INTO {t} (added, id, b, a2, c, gone) VALUES ('x', 100, 1.5, 7, 3.25, 42), (NULL, 101, NULL, NULL, NULL, NULL);

--- swapped
CREATE TABLE {t} (a int, b int) USING iceberg;
INSERT INTO {t} VALUES (1, 10), (2, 20);
ALTER TABLE {t} RENAME COLUMN a TO c;
ALTER TABLE {t} RENAME COLUMN b TO a;
ALTER TABLE {t} RENAME COLUMN c TO b;
INSERT INTO {t} (a, b) VALUES (30, 3);

--- names
CREATE TABLE {t} (`id` int, `Upper` int, `two words` string, `dot.ted` string, `größe` double, `"q"` int, `1st` int, `select` int, `a_x2Eb` int) USING iceberg PARTITIONED BY (`two words`);
INSERT INTO {t} VALUES (1, 2, 'a b', 'd', 1.5, 3, 4, 5, 6), (2, NULL, 'x/y=z?&%', NULL, NULL, NULL, NULL, NULL, NULL), (3, 1, NULL, '', 0, 0, 0, 0, 0);

--- transforms quick
CREATE TABLE {t} (id int, i int, l bigint, n decimal(9,2), d date, ts timestamp, tn timestamp_ntz, s string, x binary) USING iceberg
  PARTITIONED BY (bucket(3, i), truncate(10, l), years(d), hours(ts), truncate(2, s));
INSERT INTO {t} SELECT id, CAST(id AS int) - 3, id * 7 - 30, CAST(id AS decimal(9,2)) - 4, date_add(DATE '1969-12-28', CAST(id * 40 AS int)),
  TIMESTAMP '1969-12-31 22:30:00' + make_dt_interval(0, CAST(id AS int)), TIMESTAMP_NTZ '1969-12-31 22:30:00' + make_dt_interval(CAST(id AS int)),
  if(id % 5 = 0, NULL, concat('p', id % 3, 'ß')), CAST(concat('b', id) AS binary) FROM range(12);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

--- transforms_more
CREATE TABLE {t} (id int, i int, l bigint, n decimal(9,2), d date, ts timestamp, tn timestamp_ntz, s string, x binary) USING iceberg
  PARTITIONED BY (bucket(4, l), bucket(5, n), months(tn), bucket(2, s), truncate(3, x), truncate(50, n), bucket(7, d));
INSERT INTO {t} SELECT id, CAST(id AS int) - 3, id * 7 - 30, CAST(id AS decimal(9,2)) - 4, date_add(DATE '1969-12-28', CAST(id * 40 AS int)),
  TIMESTAMP '1969-12-31 22:30:00' + make_dt_interval(0, CAST(id AS int)), TIMESTAMP_NTZ '1969-12-31 22:30:00' + make_dt_interval(CAST(id * 9 AS int)),
  if(id % 5 = 0, NULL, concat('p', id % 3, 'ß')), CAST(concat('bbbb', id) AS binary) FROM range(12);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

--- transforms_time
CREATE TABLE {t} (id int, d date, ts timestamp, tn timestamp_ntz) USING iceberg
  PARTITIONED BY (months(d), days(ts), hours(tn), bucket(3, ts), bucket(3, tn));
INSERT INTO {t} SELECT id, date_add(DATE '1969-11-28', CAST(id * 11 AS int)), TIMESTAMP '1969-12-31 11:30:00.5' + make_dt_interval(0, CAST(id * 7 AS int)),
  TIMESTAMP_NTZ '1969-12-31 22:30:00.25' + make_dt_interval(0, CAST(id AS int)) FROM range(12);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL);

--- identity_all
CREATE TABLE {t} (id int, b boolean, l bigint, f float, d double, n decimal(20,3), da date, ts timestamp, tn timestamp_ntz, s string, x binary) USING iceberg
  PARTITIONED BY (b, l, f, d, n, da, ts, tn, s, x);
INSERT INTO {t} VALUES (1, true, 1, float('NaN'), double('NaN'), 1.5, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP_NTZ '1969-12-31 23:59:59.999999', 'a b/c', X'FF00'),
  (2, false, -1, float('-0.0'), double('-0.0'), -1.5, DATE '2024-02-29', TIMESTAMP '2024-02-29 12:00:00', TIMESTAMP_NTZ '2024-02-29 12:00:00', '', X''),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (4, true, 5, float('Infinity'), 0.1, 12345678901234567.125, DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP_NTZ '9999-12-31 00:00:00', '%41+ü', X'41');

--- repartitioned quick about
CREATE TABLE {t} (id int, d date, s string) USING iceberg PARTITIONED BY (months(d));
INSERT INTO {t} SELECT CAST(id AS int), date_add(DATE '2024-01-20', CAST(id AS int)), concat('s', id % 3) FROM range(20);
ALTER TABLE {t} REPLACE PARTITION FIELD months(d) WITH days(d);
ALTER TABLE {t} ADD PARTITION FIELD bucket(4, id);
INSERT INTO {t} SELECT CAST(id AS int), date_add(DATE '2024-02-01', CAST(id % 4 AS int)), concat('s', id % 3) FROM range(20, 40);
ALTER TABLE {t} DROP PARTITION FIELD days(d);
ALTER TABLE {t} ADD PARTITION FIELD s AS word;
INSERT INTO {t} SELECT CAST(id AS int), date_add(DATE '2024-03-01', CAST(id % 4 AS int)), if(id = 44, NULL, concat('s', id % 3)) FROM range(40, 50);
DELETE FROM {t} WHERE s = 's1' AND id > 30;

--- repartitioned_v1
CREATE TABLE {t} (id int, d date, s string) USING iceberg PARTITIONED BY (months(d), s) TBLPROPERTIES ('format-version'='1');
INSERT INTO {t} SELECT CAST(id AS int), date_add(DATE '2024-01-20', CAST(id AS int)), concat('s', id % 3) FROM range(20);
ALTER TABLE {t} DROP PARTITION FIELD months(d);
INSERT INTO {t} SELECT CAST(id AS int), date_add(DATE '2024-02-01', CAST(id % 4 AS int)), concat('s', id % 3) FROM range(20, 40);
ALTER TABLE {t} SET TBLPROPERTIES ('format-version'='2', 'write.delete.mode'='merge-on-read');
DELETE FROM {t} WHERE id % 6 = 1;
INSERT INTO {t} SELECT CAST(id AS int), DATE '2024-05-05', 'new' FROM range(40, 43);

--- copy_on_write quick
CREATE TABLE {t} (id int, s string, n int) USING iceberg PARTITIONED BY (bucket(2, id)) TBLPROPERTIES ('write.delete.mode'='copy-on-write',
  'write.update.mode'='copy-on-write', 'write.merge.mode'='copy-on-write');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id), CAST(id AS int) FROM range(20);
DELETE FROM {t} WHERE id % 5 = 2;
UPDATE {t} SET s = 'updated', n = n + 100 WHERE id < 6;
MERGE INTO {t} USING (SELECT CAST(id AS int) AS id FROM range(15, 25)) u ON {t}.id = u.id WHEN MATCHED AND u.id % 2 = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET s = 'merged' WHEN NOT MATCHED THEN INSERT (id, s, n) VALUES (u.id, 'inserted', NULL);

--- merge_on_read quick
CREATE TABLE {t} (id int, s string, n int) USING iceberg TBLPROPERTIES ('write.delete.mode'='merge-on-read',
  'write.update.mode'='merge-on-read', 'write.merge.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id), CAST(id AS int) FROM range(20);
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id), CAST(id AS int) FROM range(20, 40);
DELETE FROM {t} WHERE id % 5 = 2;
UPDATE {t} SET s = 'updated', n = n + 100 WHERE id < 6 OR id = 33;
MERGE INTO {t} USING (SELECT CAST(id AS int) AS id FROM range(35, 45)) u ON {t}.id = u.id WHEN MATCHED AND u.id % 2 = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET s = 'merged' WHEN NOT MATCHED THEN INSERT (id, s, n) VALUES (u.id, 'inserted', NULL);
INSERT INTO {t} SELECT CAST(id AS int), 'again', 0 FROM range(10);
DELETE FROM {t} WHERE id = 7;

--- merge_on_read_parts
CREATE TABLE {t} (id int, s string, d date) USING iceberg PARTITIONED BY (days(d), truncate(1, s)) TBLPROPERTIES ('write.delete.mode'='merge-on-read',
  'write.update.mode'='merge-on-read', 'write.merge.mode'='merge-on-read', 'write.delete.granularity'='partition');
INSERT INTO {t} SELECT CAST(id AS int), concat(char(97 + id % 3), id), date_add(DATE '1969-12-30', CAST(id % 4 AS int)) FROM range(60);
INSERT INTO {t} SELECT CAST(id AS int), concat(char(97 + id % 3), id), date_add(DATE '1969-12-30', CAST(id % 4 AS int)) FROM range(60, 90);
DELETE FROM {t} WHERE id % 7 = 2;
UPDATE {t} SET d = DATE '2000-01-01' WHERE id % 7 = 3;
ALTER TABLE {t} ADD COLUMN more int;
DELETE FROM {t} WHERE d = DATE '2000-01-01' AND id < 20;
INSERT INTO {t} VALUES (1000, 'zz', NULL, 5), (1001, NULL, DATE '2000-01-01', 6);
DELETE FROM {t} WHERE more = 6;

--- merge_on_read_tidied
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'write.parquet.row-group-size-bytes'='4096');
INSERT INTO {t} SELECT /*+ REPARTITION(3) */ CAST(id AS int), concat('some words ', id * 7919 % 10007) FROM range(9000);
DELETE FROM {t} WHERE id % 100 < 3;
DELETE FROM {t} WHERE id BETWEEN 4000 AND 5200;
CALL {c}.system.rewrite_position_delete_files(table => '{n}', options => map('rewrite-all', 'true'));
DELETE FROM {t} WHERE id % 1000 = 999;
CALL {c}.system.rewrite_data_files(table => '{n}', options => map('rewrite-all', 'true'));
DELETE FROM {t} WHERE id = 10;

--- upgraded_v1
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('format-version'='1');
INSERT INTO {t} SELECT CAST(id AS int), 'v1' FROM range(20);
ALTER TABLE {t} SET TBLPROPERTIES ('format-version'='2', 'write.delete.mode'='merge-on-read');
DELETE FROM {t} WHERE id % 3 = 0;
INSERT INTO {t} SELECT CAST(id AS int), 'v2' FROM range(20, 30);
DELETE FROM {t} WHERE id > 27;

--- vectors_v3 quick about
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('format-version'='3', 'write.delete.mode'='merge-on-read',
  'write.update.mode'='merge-on-read', 'write.merge.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(30);
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(30, 50);
DELETE FROM {t} WHERE id % 5 = 2;
DELETE FROM {t} WHERE id % 5 = 3;
UPDATE {t} SET s = 'updated' WHERE id < 9;

--- vectors_many
CREATE TABLE {t} (id bigint, p int) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ('format-version'='3', 'write.delete.mode'='merge-on-read', 'write.parquet.row-group-size-bytes'='65536');
INSERT INTO {t} SELECT id, CAST(id % 4 AS int) FROM range(200000);
DELETE FROM {t} WHERE id % 10 = 1;
DELETE FROM {t} WHERE id BETWEEN 50000 AND 99999;
DELETE FROM {t} WHERE id = 77;

--- upgraded_v3 quick
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('format-version'='2', 'write.delete.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(30);
DELETE FROM {t} WHERE id % 5 = 2;
ALTER TABLE {t} SET TBLPROPERTIES ('format-version'='3');
INSERT INTO {t} SELECT CAST(id AS int), 'v3' FROM range(30, 40);
DELETE FROM {t} WHERE id % 5 = 4;
DELETE FROM {t} WHERE id = 30;

--- branches quick about
CREATE TABLE {t} (id int, s string) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), 'main' FROM range(5);
ALTER TABLE {t} CREATE TAG first;
ALTER TABLE {t} CREATE BRANCH work;
INSERT INTO {t}.branch_work SELECT CAST(id AS int), 'work' FROM range(5, 8);
INSERT INTO {t} VALUES (100, 'main');
DELETE FROM {t}.branch_work WHERE id = 1;
ALTER TABLE {t} ADD COLUMN more int;
INSERT INTO {t} VALUES (101, 'main', 1);
ALTER TABLE {t} CREATE BRANCH `other-branch` RETAIN 7 DAYS;
ALTER TABLE {t} CREATE TAG `v1.0`;
INSERT INTO {t}.`branch_other-branch` VALUES (200, 'other', 2);
ALTER TABLE {t} RENAME COLUMN s TO word;
INSERT INTO {t}.branch_work VALUES (300, 'renamed', 3);

--- branch_deletes
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('write.delete.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), 'main' FROM range(10);
ALTER TABLE {t} CREATE BRANCH work;
DELETE FROM {t}.branch_work WHERE id < 4;
DELETE FROM {t} WHERE id > 7;
CALL {c}.system.fast_forward('{n}', 'main2', 'work');

--- history
CREATE TABLE {t} (id int) USING iceberg;
INSERT INTO {t} VALUES (1);
INSERT INTO {t} VALUES (2);
INSERT INTO {t} VALUES (3);
!rollback {"back": 1}
INSERT INTO {t} VALUES (4);
ALTER TABLE {t} SET TBLPROPERTIES ('write.wap.enabled'='true');
!staged {"sql": "INSERT INTO {t} VALUES (5)"}
ALTER TABLE {t} UNSET TBLPROPERTIES ('write.wap.enabled');
INSERT INTO {t} VALUES (6);

--- expired
CREATE TABLE {t} (id int) USING iceberg;
INSERT INTO {t} VALUES (1);
INSERT INTO {t} VALUES (2);
DELETE FROM {t} WHERE id = 1;
INSERT INTO {t} VALUES (3);
CALL {c}.system.rewrite_manifests('{n}');
CALL {c}.system.expire_snapshots(table => '{n}', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 2);

--- replaced quick
CREATE TABLE {t} USING iceberg PARTITIONED BY (p) AS SELECT CAST(id AS int) AS id, CAST(id % 2 AS int) AS p FROM range(6);
INSERT INTO {t} SELECT CAST(id AS int), 7 FROM range(3);
CREATE OR REPLACE TABLE {t} USING iceberg PARTITIONED BY (bucket(2, name)) AS SELECT concat('n', id) AS name, id AS id, 1 AS p FROM range(4);
INSERT INTO {t} VALUES (NULL, 9, 2);
CREATE OR REPLACE TABLE {t} USING iceberg AS SELECT 3 AS p, 1.5D AS more, concat('z', id) AS name FROM range(2);

--- overwritten
CREATE TABLE {t} (id int, p string) USING iceberg PARTITIONED BY (p);
INSERT INTO {t} SELECT CAST(id AS int), concat('p', id % 3) FROM range(9);
!session {"spark.sql.sources.partitionOverwriteMode": "dynamic"}
INSERT OVERWRITE {t} SELECT 100, 'p1';
!session {"spark.sql.sources.partitionOverwriteMode": "static"}
INSERT OVERWRITE {t} PARTITION (p = 'p2') SELECT 200;
DELETE FROM {t} WHERE p = 'p0';

--- many_files quick
CREATE TABLE {t} (id bigint, p int, s string) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ('write.distribution-mode'='none', 'write.spark.fanout.enabled'='true');
INSERT INTO {t} SELECT /*+ REPARTITION({files}) */ id, CAST(id % 2 AS int), concat('s', id) FROM range({files} * 3);
INSERT INTO {t} SELECT id, 5, NULL FROM range(10);

--- many_deletes
CREATE TABLE {t} (id int, p int, s string) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read',
  'write.distribution-mode'='none', 'write.spark.fanout.enabled'='true', 'write.delete.distribution-mode'='none');
INSERT INTO {t} SELECT /*+ REPARTITION({files}) */ CAST(id AS int), CAST(id % 2 AS int), concat('s', id) FROM range({files} * 4);
DELETE FROM {t} WHERE id % 3 = 1;
UPDATE {t} SET s = 'updated' WHERE id % 500 = 5;
!equality_delete {"columns": ["id", "p"], "rows": [[2, 0], [4, 0], [5, 0]], "partition_of": [2, 0]}
DELETE FROM {t} WHERE p = 1 AND id < 100;

--- codec_gzip
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('write.parquet.compression-codec'='gzip', 'write.metadata.compression-codec'='gzip');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id % 10) FROM range(1000);
ALTER TABLE {t} SET TBLPROPERTIES ('write.parquet.compression-codec'='snappy');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id % 10) FROM range(1000);
ALTER TABLE {t} SET TBLPROPERTIES ('write.parquet.compression-codec'='uncompressed', 'write.parquet.dict-size-bytes'='64');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(1000);
ALTER TABLE {t} SET TBLPROPERTIES ('write.parquet.compression-codec'='lz4');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id % 10) FROM range(1000);

--- metrics
CREATE TABLE {t} (id int, s string, d double) USING iceberg TBLPROPERTIES ('write.metadata.metrics.default'='none', 'write.metadata.metrics.column.s'='truncate(2)');
INSERT INTO {t} SELECT CAST(id AS int), concat('words', id), id / 2D FROM range(50);
ALTER TABLE {t} SET TBLPROPERTIES ('write.metadata.metrics.default'='counts', 'write.parquet.bloom-filter-enabled.column.id'='true');
INSERT INTO {t} SELECT CAST(id AS int), concat(repeat('ü', 20), id), id / 2D FROM range(50, 90);
ALTER TABLE {t} WRITE ORDERED BY s DESC, id;
INSERT INTO {t} SELECT CAST(id AS int), concat('𝄞', id), NULL FROM range(90, 99);

--- hashed_paths
CREATE TABLE {t} (id int, s string) USING iceberg PARTITIONED BY (s) TBLPROPERTIES ('write.object-storage.enabled'='true', 'write.data.path'='{location}/elsewhere {n}/data', 'write.metadata.path'='{location}/elsewhere {n}/meta');
INSERT INTO {t} SELECT CAST(id AS int), concat('a b=', id % 2, '/%') FROM range(6);
INSERT INTO {t} VALUES (7, NULL);

--- avro_files
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('write.format.default'='avro');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(5);

--- orc_files
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('write.format.default'='orc');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(5);

--- mapped local
CREATE TABLE {t} (id int, s string, p struct<a: int>) USING iceberg;
!add_files {"sql": "SELECT CAST(id AS int) AS id, concat('s', id) AS s, named_struct('a', CAST(id AS int)) AS p FROM range(10)"}
INSERT INTO {t} SELECT 100, 'own', named_struct('a', 1);
ALTER TABLE {t} RENAME COLUMN s TO word;
INSERT INTO {t} SELECT 101, 'renamed', NULL;

--- mapped_parts local
CREATE TABLE {t} (id int, p int, s string) USING iceberg PARTITIONED BY (p);
!add_files {"sql": "SELECT CAST(id AS int) AS id, concat('s', id) AS s, CAST(id % 3 AS int) AS p FROM range(10)", "by": "p"}
ALTER TABLE {t} ADD COLUMN more string;
INSERT INTO {t} VALUES (100, 7, 'own', 'more');

--- equality_global quick about
CREATE TABLE {t} (id int, s string, d date) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id), date_add(DATE '2024-01-01', CAST(id AS int)) FROM range(20);
!equality_delete {"columns": ["id"], "rows": [[3], [6], [77]]}
INSERT INTO {t} SELECT CAST(id AS int), 'again', NULL FROM range(5, 8);
!equality_delete {"columns": ["id", "s"], "rows": [[6, "again"], [7, "s7"], [8, "no"]]}
!equality_delete {"columns": ["s"], "rows": [[null]]}
INSERT INTO {t} VALUES (100, NULL, NULL);
!equality_delete {"columns": ["s"], "rows": [[null]]}
INSERT INTO {t} VALUES (101, NULL, NULL);

--- equality_parts
CREATE TABLE {t} (id int, p int) USING iceberg PARTITIONED BY (bucket(2, id));
INSERT INTO {t} SELECT CAST(id AS int), CAST(id % 3 AS int) FROM range(100);
!equality_delete {"columns": ["id"], "rows": [[3], [6], [7]], "partition_of": [3]}
ALTER TABLE {t} DROP PARTITION FIELD bucket(2, id);
INSERT INTO {t} SELECT CAST(id AS int), 9 FROM range(100, 110);
!equality_delete {"columns": ["id"], "rows": [[10], [20], [105]]}
ALTER TABLE {t} RENAME COLUMN id TO key;
ALTER TABLE {t} SET TBLPROPERTIES ('write.delete.mode'='merge-on-read');
DELETE FROM {t} WHERE key % 10 = 4;

--- equality_members quick
-- One row a file: Iceberg 1.8 keeps the structs of the last row for all rows of an equality delete file.
CREATE TABLE {t} (id int, p struct<a: int, q: struct<s: string, gone: int>>, l array<int>) USING iceberg;
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', CAST(id % 7 AS int), 'q', named_struct('s', concat('s', id % 3), 'gone', CAST(id % 5 AS int))), array(1) FROM range(40);
INSERT INTO {t} VALUES (100, NULL, NULL), (101, named_struct('a', NULL, 'q', NULL), NULL), (102, named_struct('a', 1, 'q', named_struct('s', NULL, 'gone', NULL)), NULL);
!equality_delete {"columns": ["p.a"], "rows": [[3]]}
!equality_delete {"columns": ["p.a"], "rows": [[77]]}
!equality_delete {"columns": ["id", "p.a", "p.q.s"], "rows": [[7, 0, "s1"]]}
!equality_delete {"columns": ["id", "p.a", "p.q.s"], "rows": [[8, 1, "s1"]]}
!equality_delete {"columns": ["p.q.gone"], "rows": [[4]]}
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', 3, 'q', named_struct('s', 'young', 'gone', 4)), NULL FROM range(200, 203);
ALTER TABLE {t} RENAME COLUMN p.a TO b;
INSERT INTO {t} SELECT 300, named_struct('b', 5, 'q', named_struct('s', 'last', 'gone', NULL)), NULL;
!equality_delete {"columns": ["p.b"], "rows": [[5]]}
ALTER TABLE {t} ALTER COLUMN p.b TYPE bigint;
INSERT INTO {t} SELECT 301, named_struct('b', 5, 'q', named_struct('s', 'after', 'gone', 1)), NULL;

--- equality_members_null
CREATE TABLE {t} (id int, p struct<a: int>) USING iceberg;
INSERT INTO {t} VALUES (1, NULL), (2, named_struct('a', NULL)), (3, named_struct('a', 3));
!equality_delete {"columns": ["p.a"], "rows": [[null]]}

--- nested_parts
CREATE TABLE {t} (id int, p struct<a: int, q: struct<s: string, d: date>>) USING iceberg PARTITIONED BY (bucket(3, p.a), truncate(1, p.q.s), p.q.d)
  TBLPROPERTIES ('write.delete.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), named_struct('a', CAST(id AS int), 'q', named_struct('s', concat(char(97 + id % 3), id), 'd', date_add(DATE '1969-12-30', CAST(id % 3 AS int)))) FROM range(20);
INSERT INTO {t} VALUES (100, NULL), (101, named_struct('a', NULL, 'q', NULL));
DELETE FROM {t} WHERE p.a % 4 = 1;
ALTER TABLE {t} RENAME COLUMN p.a TO b;
ALTER TABLE {t} ADD PARTITION FIELD p.b;
INSERT INTO {t} SELECT CAST(id AS int), named_struct('b', CAST(id AS int), 'q', named_struct('s', 'new', 'd', NULL)) FROM range(30, 35);
DELETE FROM {t} WHERE p.q.s = 'new' AND p.b > 32;

--- promoted_parts
-- Of its older snapshots Spark reads the wide values as the narrow type, and fails.
CREATE TABLE {t} (id int, i int, f float, n decimal(5,2), b int, s string) USING iceberg PARTITIONED BY (i, f, n, bucket(4, b), truncate(100, n)) TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'read.parquet.vectorization.enabled'='false');
INSERT INTO {t} SELECT CAST(id AS int), CAST(id % 3 AS int) - 1, CAST(id % 2 AS float) / 4, CAST(id % 2 AS decimal(5,2)) + 0.25, CAST(id AS int), 'old' FROM range(12);
ALTER TABLE {t} ALTER COLUMN i TYPE bigint;
ALTER TABLE {t} ALTER COLUMN f TYPE double;
ALTER TABLE {t} ALTER COLUMN b TYPE bigint;
ALTER TABLE {t} ALTER COLUMN n TYPE decimal(15,2);
INSERT INTO {t} SELECT CAST(id AS int), id * 10000000000, id / 3D, CAST(id * 10000000 AS decimal(15,2)), id * 10000000000, 'new' FROM range(20, 24);
INSERT INTO {t} SELECT 30, -1, 0.25D, 1.25, 5, 'same partition';
DELETE FROM {t} WHERE i = -1 AND id < 7;
CALL {c}.system.expire_snapshots(table => '{n}', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

--- mapped_types local
CREATE TABLE {t} (id int, ts timestamp, n decimal(9,2), m decimal(30,4), d date, x binary, l array<struct<k: int, v: string>>, o map<string, array<int>>) USING iceberg;
!add_files {"sql": "SELECT CAST(id AS int) AS id, TIMESTAMP '1969-12-31 23:59:59.999999' + make_dt_interval(0, 0, 0, id) AS ts, CAST(id / 4 AS decimal(9,2)) AS n, CAST(id * 1234567890123456.25 AS decimal(30,4)) AS m, date_add(DATE '1969-12-30', CAST(id AS int)) AS d, CAST(concat('b', id) AS binary) AS x, array(named_struct('k', CAST(id AS int), 'v', CAST(NULL AS string)), NULL) AS l, map('k', array(CAST(id AS int), NULL)) AS o FROM range(10)"}
!session {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MILLIS"}
!add_files {"sql": "SELECT CAST(id AS int) AS id, TIMESTAMP '1969-12-31 23:59:59.999' + make_dt_interval(0, 0, 0, id) AS ts, CAST(id AS decimal(9,2)) AS n, CAST(id AS decimal(30,4)) AS m, CAST(NULL AS date) AS d, CAST(NULL AS binary) AS x, CAST(array() AS array<struct<k: int, v: string>>) AS l, CAST(map() AS map<string, array<int>>) AS o FROM range(10, 15)"}
!session {"spark.sql.parquet.outputTimestampType": "INT96"}
ALTER TABLE {t} RENAME COLUMN l TO list;
ALTER TABLE {t} ADD COLUMN list.element.more int;
INSERT INTO {t} SELECT 100, TIMESTAMP '2024-01-01 00:00:00', 1, 2, DATE '2024-01-01', X'00', array(named_struct('k', 1, 'v', 'own', 'more', 2)), NULL;

--- mapped_legacy local
CREATE TABLE {t} (id int, n decimal(9,2), m decimal(16,4), l array<int>, o map<string, int>, p struct<a: int, l: array<string>>) USING iceberg;
!session {"spark.sql.parquet.writeLegacyFormat": "true"}
!add_files {"sql": "SELECT CAST(id AS int) AS id, CAST(id / 4 AS decimal(9,2)) AS n, CAST(id AS decimal(16,4)) AS m, array(CAST(id AS int), NULL) AS l, map('k', CAST(id AS int)) AS o, named_struct('a', 1, 'l', array('x', NULL)) AS p FROM range(10)"}
!session {"spark.sql.parquet.writeLegacyFormat": "false"}
INSERT INTO {t} SELECT 100, 1, 2, array(1), map('z', 26), named_struct('a', 2, 'l', array());

--- picked
CREATE TABLE {t} (id int) USING iceberg TBLPROPERTIES ('write.wap.enabled'='true', 'write.delete.mode'='merge-on-read');
INSERT INTO {t} VALUES (1), (2);
!staged {"sql": "INSERT INTO {t} VALUES (3)"}
INSERT INTO {t} VALUES (4);
CALL {c}.system.publish_changes('{n}', 'staged');
DELETE FROM {t} WHERE id = 1;
ALTER TABLE {t} CREATE BRANCH work;
INSERT INTO {t}.branch_work VALUES (5);
CALL {c}.system.fast_forward('{n}', 'main', 'work');
ALTER TABLE {t} CREATE OR REPLACE TAG release RETAIN 30 DAYS;
ALTER TABLE {t} REPLACE BRANCH work RETAIN 7 DAYS WITH SNAPSHOT RETENTION 3 SNAPSHOTS 2 DAYS;
DELETE FROM {t} WHERE id < 4;
ALTER TABLE {t} DROP TAG release;

--- manifests_v1
CREATE TABLE {t} (id int, p int) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ('format-version'='1', 'write.manifest-lists.enabled'='false', 'commit.manifest-merge.enabled'='false',
  'write.summary.partition-limit'='10', 'write.metadata.previous-versions-max'='2', 'write.metadata.delete-after-commit.enabled'='true');
INSERT INTO {t} VALUES (1, 1), (2, 2);
INSERT INTO {t} VALUES (3, 1);
DELETE FROM {t} WHERE p = 2;
INSERT INTO {t} VALUES (4, 4);
CALL {c}.system.rewrite_manifests('{n}');

--- copy_on_write_v3
CREATE TABLE {t} (id int, s string) USING iceberg TBLPROPERTIES ('format-version'='3');
INSERT INTO {t} SELECT CAST(id AS int), concat('s', id) FROM range(30);
DELETE FROM {t} WHERE id % 5 = 2;
UPDATE {t} SET s = 'updated' WHERE id < 9;
MERGE INTO {t} USING (SELECT CAST(id AS int) AS id FROM range(25, 35)) u ON {t}.id = u.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, s) VALUES (u.id, 'inserted');
CALL {c}.system.rewrite_data_files(table => '{n}', options => map('rewrite-all', 'true'));
CALL {c}.system.compute_table_stats(table => '{n}');

--- equality_rewritten
CREATE TABLE {t} (id int, p int) USING iceberg PARTITIONED BY (p) TBLPROPERTIES ('write.delete.mode'='merge-on-read');
INSERT INTO {t} SELECT CAST(id AS int), CAST(id % 2 AS int) FROM range(40);
!equality_delete {"columns": ["id", "p"], "rows": [[2, 0], [4, 0]], "partition_of": [2, 0]}
INSERT INTO {t} VALUES (2, 0), (3, 1);
DELETE FROM {t} WHERE id = 6;
CALL {c}.system.rewrite_data_files(table => '{n}', options => map('rewrite-all', 'true', 'use-starting-sequence-number', 'true'));
!equality_delete {"columns": ["id", "p"], "rows": [[8, 0], [2, 0]], "partition_of": [8, 0]}
CALL {c}.system.rewrite_manifests('{n}');
CALL {c}.system.rewrite_position_delete_files(table => '{n}', options => map('rewrite-all', 'true'));
INSERT INTO {t} VALUES (8, 0);
CALL {c}.system.rewrite_data_files(table => '{n}', options => map('rewrite-all', 'true', 'remove-dangling-deletes', 'true'));

--- defaults_v3
CREATE TABLE {t} (id int) USING iceberg TBLPROPERTIES ('format-version'='3');
INSERT INTO {t} SELECT CAST(id AS int) FROM range(5);
!add_default {"name": "word", "type": "string", "value": "given"}
!add_default {"name": "number", "type": "int", "value": 42}
INSERT INTO {t} VALUES (100, 'own', 1), (101, NULL, NULL);
