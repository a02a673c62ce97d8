INSERT INTO target [(names)] SELECT ...;
INSERT INTO target SELECT l, n, d, ts, i FROM t;
INSERT INTO target (x, i) SELECT '7', '8' FROM t