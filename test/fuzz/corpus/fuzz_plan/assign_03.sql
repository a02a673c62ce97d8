INSERT INTO target (i, dt) SELECT 1, i FROM t;
INSERT INTO target SELECT 1, 2, 3, NULL, 'a', 6;
INSERT has more expressions than target columns