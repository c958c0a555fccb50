-- CreateIndex
CREATE INDEX "message_reports_ill" ON "message_reports"("kind", "message_id") WHERE (kind <> 'delivered');

-- CreateIndex
CREATE INDEX "messages_planned_at_id_idx" ON "messages"("planned_at", "id");

-- CreateIndex
CREATE INDEX "messages_transmitting_at_idx" ON "messages" USING BRIN ("transmitting_at");

-- A stretch of the table is summed up as soon as it is full, not only when it is tidied up.
ALTER INDEX "messages_transmitting_at_idx" SET (autosummarize = on);

-- Reports are counted as messages are.
CREATE FUNCTION count_message_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'message_reports', jsonb_build_object('kind', kind), count(*) FROM are GROUP BY kind;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'message_reports', jsonb_build_object('kind', kind), -count(*) FROM were GROUP BY kind;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'message_reports', jsonb_build_object('kind', kind), sum(n)
      FROM (SELECT kind, 1 AS n FROM are UNION ALL SELECT kind, -1 FROM were) AS each GROUP BY kind HAVING sum(n) <> 0;
  ELSE
    DELETE FROM kept_counts WHERE counted = 'message_reports';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON message_reports REFERENCING NEW TABLE AS are
  FOR EACH STATEMENT EXECUTE FUNCTION count_message_reports();
CREATE TRIGGER count_updated AFTER UPDATE ON message_reports REFERENCING OLD TABLE AS were NEW TABLE AS are
  FOR EACH STATEMENT EXECUTE FUNCTION count_message_reports();
CREATE TRIGGER count_deleted AFTER DELETE ON message_reports REFERENCING OLD TABLE AS were
  FOR EACH STATEMENT EXECUTE FUNCTION count_message_reports();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON message_reports
  FOR EACH STATEMENT EXECUTE FUNCTION count_message_reports();

INSERT INTO kept_counts (counted, labels, change)
SELECT 'message_reports', jsonb_build_object('kind', kind), count(*) FROM message_reports GROUP BY kind;
