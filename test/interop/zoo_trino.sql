-- zoo_trino.sql - tables as Trino makes them, in the form of zoo.sql; zoo_trino.py runs the statements.
--
-- {t} is the table. Flags: `quick` (also in the short run), `alone` (with a type that Spark has not: Trino alone judges).

--- trino_plain quick
CREATE TABLE {t} (id bigint NOT NULL, s varchar COMMENT 'words');
INSERT INTO {t} SELECT n, concat('s', CAST(n AS varchar)) FROM UNNEST(sequence(0, 19)) AS u(n);
INSERT INTO {t} VALUES (100, NULL);
DELETE FROM {t} WHERE id % 4 = 1;
UPDATE {t} SET s = 'updated' WHERE id IN (2, 100);
MERGE INTO {t} m USING (SELECT n AS id FROM UNNEST(sequence(15, 25)) AS u(n)) u ON m.id = u.id
  WHEN MATCHED AND u.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET s = 'merged' WHEN NOT MATCHED THEN INSERT (id, s) VALUES (u.id, 'inserted');
INSERT INTO {t} SELECT n, 'again' FROM UNNEST(sequence(0, 5)) AS u(n);
ALTER TABLE {t} EXECUTE optimize;
DELETE FROM {t} WHERE id = 3;

--- trino_types quick
CREATE TABLE {t} (id integer, b boolean, l bigint, f real, d double, n4 decimal(4,2), n9 decimal(9,0), n18 decimal(18,6), n38 decimal(38,10),
  da date, ts timestamp(6) with time zone, tn timestamp(6), s varchar, x varbinary, u uuid);
INSERT INTO {t} SELECT CAST(n AS integer), n % 2 = 0, n * 1000000007, CAST(n AS real) / 7, CAST(n AS double) / 7, CAST(n AS decimal(4,2)) / 10, n * 99999, CAST(n AS decimal(18,6)) / 64,
  CAST(n AS decimal(38,10)), DATE '1969-12-28' + n * INTERVAL '1' DAY, TIMESTAMP '1969-12-31 23:59:58.000001 UTC' + n * INTERVAL '1' SECOND,
  TIMESTAMP '2024-02-28 23:59:59.999999' + n * INTERVAL '1' DAY, concat('ä€𝄞 ', CAST(n AS varchar)), CAST(CAST(n AS varchar) AS varbinary),
  CAST(concat('12151fd2-7586-11e9-8f9e-2a86e4085a', lpad(CAST(n AS varchar), 2, '0')) AS uuid) FROM UNNEST(sequence(0, 19)) AS u(n);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO {t} VALUES (101, true, 9223372036854775807, CAST(nan() AS real), nan(), 99.99, 999999999, 999999999999.999999, 9999999999999999999999999999.9999999999,
  DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999 UTC', TIMESTAMP '9999-12-31 23:59:59.999999', '', X'', UUID 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  (102, false, -9223372036854775808, CAST(-infinity() AS real), -infinity(), -99.99, -999999999, -999999999999.999999, -9999999999999999999999999999.9999999999,
  DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00 UTC', TIMESTAMP '0001-01-01 00:00:00', 'a''b"c\d', X'00FF', UUID '00000000-0000-0000-0000-000000000000'),
  (103, false, 0, REAL '-0.0', DOUBLE '-0.0', 0, 0, 0, 0, DATE '1970-01-01', TIMESTAMP '1970-01-01 00:00:00 UTC', TIMESTAMP '1970-01-01 00:00:00', ' ', X'20', UUID '80000000-0000-0000-0000-000000000000'),
  (104, true, 1, REAL '1.4E-45', DOUBLE '4.9E-324', 0.01, 1, 0.000001, 0.0000000001, DATE '1582-10-15', TIMESTAMP '1582-10-15 00:00:00 UTC', TIMESTAMP '1900-01-01 00:00:00', 'long', X'7A', NULL);
UPDATE {t} SET d = NULL, u = NULL WHERE id < 3;

--- trino_time alone
CREATE TABLE {t} (id integer, t time(6)) WITH (partitioning = ARRAY['bucket(t, 2)']);
INSERT INTO {t} VALUES (1, TIME '00:00:00'), (2, TIME '23:59:59.999999'), (3, NULL), (4, TIME '12:34:56.5');
DELETE FROM {t} WHERE t > TIME '20:00:00';

--- trino_nested quick
CREATE TABLE {t} (id integer, p row(a integer, b varchar, c row(d double, e date)), l array(bigint), m map(varchar, integer), ls array(row(k varchar, v integer)));
INSERT INTO {t} SELECT CAST(n AS integer), ROW(CAST(n AS integer), 'x', ROW(CAST(n AS double) / 2, DATE '2024-01-01')), ARRAY[n, NULL, n + 1], MAP(ARRAY['k', 'n'], ARRAY[CAST(n AS integer), NULL]),
  ARRAY[ROW('a', CAST(n AS integer)), NULL, ROW(NULL, 1)] FROM UNNEST(sequence(0, 4)) AS u(n);
INSERT INTO {t} VALUES (10, NULL, NULL, NULL, NULL), (11, ROW(NULL, NULL, NULL), ARRAY[], MAP(), ARRAY[]);
DELETE FROM {t} WHERE p.a = 2;
UPDATE {t} SET p = ROW(7, 'new', NULL), l = ARRAY[1] WHERE id IN (3, 10);
ALTER TABLE {t} ADD COLUMN p.more bigint;
ALTER TABLE {t} DROP COLUMN p.b;
ALTER TABLE {t} RENAME COLUMN p.a TO a2;
INSERT INTO {t} VALUES (20, ROW(5, ROW(1.5, NULL), 99), ARRAY[2], MAP(ARRAY['z'], ARRAY[26]), NULL);

--- trino_evolved
CREATE TABLE {t} (id integer, a integer, b real, c decimal(5,2), gone varchar);
INSERT INTO {t} SELECT CAST(n AS integer), CAST(n AS integer), CAST(n AS real) / 4, CAST(n AS decimal(5,2)), 'gone' FROM UNNEST(sequence(0, 9)) AS u(n);
ALTER TABLE {t} ADD COLUMN added varchar;
ALTER TABLE {t} ALTER COLUMN a SET DATA TYPE bigint;
ALTER TABLE {t} ALTER COLUMN b SET DATA TYPE double;
ALTER TABLE {t} ALTER COLUMN c SET DATA TYPE decimal(12,2);
INSERT INTO {t} SELECT CAST(n AS integer), n * 10000000000, CAST(n AS double) / 3, CAST(n * 100000 AS decimal(12,2)), 'here', 'added' FROM UNNEST(sequence(10, 19)) AS u(n);
ALTER TABLE {t} DROP COLUMN gone;
ALTER TABLE {t} RENAME COLUMN a TO a2;
ALTER TABLE {t} ADD COLUMN gone integer;
UPDATE {t} SET gone = 1 WHERE id % 3 = 0;
DELETE FROM {t} WHERE added IS NULL AND id > 5;

--- trino_parts quick
CREATE TABLE {t} (id integer, l bigint, n decimal(9,2), d date, ts timestamp(6) with time zone, tn timestamp(6), s varchar)
  WITH (partitioning = ARRAY['bucket(id, 3)', 'truncate(l, 10)', 'month(d)', 'hour(tn)', 'truncate(s, 2)'], sorted_by = ARRAY['l']);
INSERT INTO {t} SELECT CAST(n AS integer), n * 7 - 30, CAST(n AS decimal(9,2)) - 4, DATE '1969-12-28' + n * INTERVAL '40' DAY, TIMESTAMP '1969-12-31 22:30:00 UTC' + n * INTERVAL '1' HOUR,
  TIMESTAMP '1969-12-31 22:30:00' + n * INTERVAL '1' HOUR, IF(n % 5 = 0, NULL, concat('p', CAST(n % 3 AS varchar), 'ß')) FROM UNNEST(sequence(0, 11)) AS u(n);
INSERT INTO {t} VALUES (100, NULL, NULL, NULL, NULL, NULL, NULL);
DELETE FROM {t} WHERE l BETWEEN -10 AND 10 AND id % 2 = 0;
ALTER TABLE {t} SET PROPERTIES partitioning = ARRAY['year(ts)', 'bucket(s, 2)', 'n'];
INSERT INTO {t} SELECT CAST(n AS integer), n, CAST(n AS decimal(9,2)) / 2, DATE '2024-01-01', TIMESTAMP '2024-12-31 23:30:00 UTC' + n * INTERVAL '1' HOUR, TIMESTAMP '2024-12-31 23:30:00', 'q' FROM UNNEST(sequence(20, 30)) AS u(n);
DELETE FROM {t} WHERE n > 13;
ALTER TABLE {t} EXECUTE optimize;
DELETE FROM {t} WHERE s = 'q' AND id < 24;
ALTER TABLE {t} SET PROPERTIES partitioning = ARRAY[];
INSERT INTO {t} (id) VALUES (200);

--- trino_whole_partitions
CREATE TABLE {t} (id integer, p varchar) WITH (partitioning = ARRAY['p']);
INSERT INTO {t} SELECT CAST(n AS integer), concat('p', CAST(n % 3 AS varchar)) FROM UNNEST(sequence(0, 8)) AS u(n);
DELETE FROM {t} WHERE p = 'p0';
INSERT INTO {t} VALUES (100, 'a b/c=%'), (101, NULL), (102, '');
TRUNCATE TABLE {t};
INSERT INTO {t} VALUES (200, 'p1');

--- trino_replaced
CREATE TABLE {t} AS SELECT CAST(n AS integer) AS id, n % 2 AS p FROM UNNEST(sequence(0, 5)) AS u(n);
INSERT INTO {t} VALUES (100, 7);
CREATE OR REPLACE TABLE {t} WITH (partitioning = ARRAY['bucket(name, 2)']) AS SELECT concat('n', CAST(n AS varchar)) AS name, n AS id FROM UNNEST(sequence(0, 3)) AS u(n);
DELETE FROM {t} WHERE id = 2;
CREATE OR REPLACE TABLE {t} AS SELECT 1.5E0 AS more, 'z' AS name;

--- trino_v1
CREATE TABLE {t} (id integer, s varchar) WITH (format_version = 1);
INSERT INTO {t} VALUES (1, 'a'), (2, NULL);
ALTER TABLE {t} SET PROPERTIES format_version = 2;
INSERT INTO {t} VALUES (3, 'c');
DELETE FROM {t} WHERE id = 1;

--- trino_history
CREATE TABLE {t} (id integer);
INSERT INTO {t} VALUES (1);
INSERT INTO {t} VALUES (2);
!rollback {"back": 1}
INSERT INTO {t} VALUES (3);
ANALYZE {t};
ALTER TABLE {t} EXECUTE optimize_manifests;

--- trino_hashed
CREATE TABLE {t} (id integer, s varchar) WITH (partitioning = ARRAY['s'], object_store_layout_enabled = true, data_location = '{location}/trino elsewhere {n}');
INSERT INTO {t} SELECT CAST(n AS integer), concat('a b=', CAST(n % 2 AS varchar), '/%') FROM UNNEST(sequence(0, 5)) AS u(n);
DELETE FROM {t} WHERE id = 3;

--- trino_codecs
CREATE TABLE {t} (id integer, s varchar) WITH (parquet_bloom_filter_columns = ARRAY['s']);
!session {"compression_codec": "GZIP"}
INSERT INTO {t} SELECT CAST(n AS integer), concat('words ', CAST(n % 10 AS varchar)) FROM UNNEST(sequence(0, 999)) AS u(n);
!session {"compression_codec": "SNAPPY"}
INSERT INTO {t} SELECT CAST(n AS integer), concat('words ', CAST(n AS varchar)) FROM UNNEST(sequence(0, 999)) AS u(n);
!session {"compression_codec": "NONE"}
INSERT INTO {t} SELECT CAST(n AS integer), concat('words ', CAST(n % 7 AS varchar)) FROM UNNEST(sequence(0, 999)) AS u(n);
DELETE FROM {t} WHERE id % 10 = 3;

--- trino_many
CREATE TABLE {t} (id bigint, p integer, s varchar) WITH (partitioning = ARRAY['p']);
INSERT INTO {t} SELECT n, CAST(n % 90 AS integer), concat('s', CAST(n AS varchar)) FROM UNNEST(sequence(0, 9999)) AS u(n);
INSERT INTO {t} SELECT n, CAST(n % 90 AS integer), NULL FROM UNNEST(sequence(0, 9999)) AS u(n);
DELETE FROM {t} WHERE id % 7 = 1;
DELETE FROM {t} WHERE id BETWEEN 4000 AND 6000;
UPDATE {t} SET s = 'updated' WHERE id % 100 = 5;

--- trino_orc
CREATE TABLE {t} (id integer, s varchar) WITH (format = 'ORC');
INSERT INTO {t} VALUES (1, 'a');
