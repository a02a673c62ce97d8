INSERT INTO target ("i", X) SELECT 1, '2';
INSERT INTO target SELECT i FROM t;
INSERT INTO target (i, x) VALUES (1, 'a'), (2, 3), (4, DATE '2025-01-14')