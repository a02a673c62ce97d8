SELECT "day" FROM mixed;
SELECT twin FROM mixed;
SELECT box FROM mixed