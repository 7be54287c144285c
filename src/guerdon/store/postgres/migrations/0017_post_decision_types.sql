-- `decision_block` has taken its place.
DROP INDEX decision_by_type;
