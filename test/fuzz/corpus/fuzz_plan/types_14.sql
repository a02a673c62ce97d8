SELECT b::bigint FROM t;
SELECT dt::time FROM t;
SELECT u::int FROM t