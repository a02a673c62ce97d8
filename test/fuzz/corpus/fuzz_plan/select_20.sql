SELECT *;
SELECT * with no tables specified;
SELECT demo.t.i, t.l FROM demo.t