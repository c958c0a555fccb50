-- CreateTable
CREATE TABLE "kept_counts" (
    "id" BIGSERIAL NOT NULL,
    "counted" TEXT NOT NULL,
    "labels" JSONB NOT NULL,
    "change" BIGINT NOT NULL,

    CONSTRAINT "kept_counts_pkey" PRIMARY KEY ("id")
);

-- Statement by statement, whoever changes messages puts down by how much it changes their counts: what is new, less what
-- was before. What is counted neither (a claim's new holder, a time) leaves no row.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'messages', jsonb_build_object('journey', journey, 'channel', channel, 'class', message_class, 'status', status), n
      FROM (SELECT journey, channel, message_class, status, count(*) AS n FROM are GROUP BY 1, 2, 3, 4) AS g;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'messages', jsonb_build_object('journey', journey, 'channel', channel, 'class', message_class, 'status', status), -n
      FROM (SELECT journey, channel, message_class, status, count(*) AS n FROM were GROUP BY 1, 2, 3, 4) AS g;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO kept_counts (counted, labels, change)
    SELECT 'messages', jsonb_build_object('journey', journey, 'channel', channel, 'class', message_class, 'status', status), n
      FROM (SELECT journey, channel, message_class, status, sum(n) AS n
              FROM (SELECT journey, channel, message_class, status, 1 AS n FROM are
                    UNION ALL SELECT journey, channel, message_class, status, -1 FROM were) AS each
             GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0) AS g;
  ELSE
    DELETE FROM kept_counts WHERE counted = 'messages';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON messages REFERENCING NEW TABLE AS are
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER count_updated AFTER UPDATE ON messages REFERENCING OLD TABLE AS were NEW TABLE AS are
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER count_deleted AFTER DELETE ON messages REFERENCING OLD TABLE AS were
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON messages
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- The triggers hold off whoever writes until this is committed.
INSERT INTO kept_counts (counted, labels, change)
SELECT 'messages', jsonb_build_object('journey', journey, 'channel', channel, 'class', message_class, 'status', status), count(*)
  FROM messages GROUP BY journey, channel, message_class, status;
