INSERT INTO target (i, d) SELECT 1;
INSERT has more target columns than expressions;
INSERT INTO target (i, xx) SELECT 1, 2