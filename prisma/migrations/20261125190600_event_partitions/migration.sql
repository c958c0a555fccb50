-- Events by the month in which they were received, so that old ones can be dropped without touching the others.
CREATE SCHEMA "event_parts";

ALTER SEQUENCE "events_id_seq" OWNED BY NONE;
ALTER TABLE "events" SET SCHEMA "event_parts";

CREATE TABLE "events" (
    "id" BIGINT NOT NULL DEFAULT nextval('"events_id_seq"'),
    "message_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "name" TEXT,
    "user_id" TEXT,
    "anonymous_id" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "properties" JSONB NOT NULL,
    "context" JSONB,
    "sealed" BYTEA,
    "customer_id" UUID,
    "handled_at" TIMESTAMPTZ(3),
    "problem" TEXT,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id", "received_at")
) PARTITION BY RANGE ("received_at");

ALTER SEQUENCE "events_id_seq" OWNED BY "events"."id";
CREATE INDEX "events_customer_id_occurred_at_idx" ON "events"("customer_id", "occurred_at") WHERE (customer_id IS NOT NULL);
CREATE INDEX "events_unhandled" ON "events"("id") WHERE (handled_at IS NULL);
CREATE INDEX "events_problem" ON "events"("id") WHERE (problem IS NOT NULL);

-- Makes sure that there is a partition for a month, given by its first day. Attaching needs no lock that an insert or a
-- read of other months would wait for.
CREATE FUNCTION "event_parts"."ensure_month"("month" date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  part text := 'events_' || to_char(month, 'YYYY_MM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('event_parts.ensure_month'));
  IF to_regclass('event_parts.' || part) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE event_parts.%I (LIKE events INCLUDING DEFAULTS)', part);
  EXECUTE format('CREATE UNIQUE INDEX %I ON event_parts.%I (message_id)', part || '_message_id_key', part);
  EXECUTE format('ALTER TABLE events ATTACH PARTITION event_parts.%I FOR VALUES FROM (%L) TO (%L)', part,
                 month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
EXCEPTION
  WHEN invalid_object_definition THEN -- It overlaps another one: there is a partition for that month.
    RETURN;
END
$$;

-- What is there already stays where it is, as one partition up to the end of its last month.
DO $$
DECLARE
  bound date := (SELECT date_trunc('month', max(received_at) AT TIME ZONE 'UTC') + interval '1 month' FROM event_parts.events);
  part text := 'events_before_' || to_char(bound, 'YYYY_MM');
BEGIN
  IF bound IS NULL THEN
    DROP TABLE event_parts.events;
  ELSE
    EXECUTE format('ALTER TABLE event_parts.events RENAME TO %I', part);
    EXECUTE format('ALTER TABLE event_parts.%I DROP CONSTRAINT events_pkey', part);
    EXECUTE format('ALTER TABLE event_parts.%I ADD PRIMARY KEY (id, received_at)', part);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION event_parts.%I FOR VALUES FROM (MINVALUE) TO (%L)', part,
                   bound::timestamp AT TIME ZONE 'UTC');
  END IF;
  PERFORM event_parts.ensure_month(date_trunc('month', now() AT TIME ZONE 'UTC')::date);
END
$$;

ALTER TABLE "news" ADD COLUMN "event_received_at" TIMESTAMPTZ(3);
UPDATE "news" n SET "event_received_at" = e."received_at" FROM "events" e
WHERE e."id" = n."event_id" AND n."consumed_at" IS NULL;
