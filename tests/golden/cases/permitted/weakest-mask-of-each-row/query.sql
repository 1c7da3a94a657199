-- rows
SELECT dataset_2._row_number AS c0, dataset_2.code AS c1, dataset_2.name AS c2, dataset_2.income AS c3, CASE WHEN (dataset_2.division = ?) THEN ? WHEN (dataset_2.division >= ? AND dataset_2.division < ?) THEN ? WHEN 1 THEN ? ELSE ? END AS c4, CASE WHEN (dataset_2.division = ?) THEN ? WHEN (dataset_2.division >= ? AND dataset_2.division < ?) THEN ? WHEN 1 THEN ? ELSE ? END AS c5
FROM dataset_2 ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["9999990101", 0, "99999901", "99999902", 1, 2, 3, "9999990101", 0, "99999901", "99999902", 1, 2, 3, 6, 0]
