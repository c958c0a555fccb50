-- CreateTable
CREATE TABLE "campaign_publications" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "version" TEXT NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL,
    "published_by" TEXT NOT NULL,
    "restores" INTEGER,
    "in_flight" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "campaign_publications_pkey" PRIMARY KEY ("kind","key","number")
);

-- CreateTable
CREATE TABLE "journey_states" (
    "journey" TEXT NOT NULL,
    "paused_at" TIMESTAMPTZ(3),
    "paused_by" TEXT,
    "resumed_at" TIMESTAMPTZ(3),
    "spread_ms" BIGINT NOT NULL DEFAULT 0,
    "archived_at" TIMESTAMPTZ(3),

    CONSTRAINT "journey_states_pkey" PRIMARY KEY ("journey")
);

-- AddForeignKey
ALTER TABLE "campaign_publications" ADD CONSTRAINT "campaign_publications_kind_key_version_fkey" FOREIGN KEY ("kind", "key", "version") REFERENCES "campaigns"("kind", "key", "version") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What was published before publications were numbered.
INSERT INTO campaign_publications (kind, key, number, version, published_at, published_by)
SELECT kind, key, row_number() OVER (PARTITION BY kind, key ORDER BY (status = 'live'), published_at, version), version,
       published_at, 'cli'
  FROM campaigns;

-- What was published stays as it was published: of a version only its status changes, and when it came into force.
CREATE FUNCTION keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is immutable: publish a new version instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER keep_published BEFORE UPDATE OF kind, key, version, name, document ON campaigns
  FOR EACH ROW WHEN ((OLD.kind, OLD.key, OLD.version, OLD.name, OLD.document)
    IS DISTINCT FROM (NEW.kind, NEW.key, NEW.version, NEW.name, NEW.document))
  EXECUTE FUNCTION keep_published();
CREATE TRIGGER keep_published BEFORE UPDATE OF key, version, channel, subject, html, text ON templates
  FOR EACH ROW WHEN ((OLD.key, OLD.version, OLD.channel, OLD.subject, OLD.html, OLD.text)
    IS DISTINCT FROM (NEW.key, NEW.version, NEW.channel, NEW.subject, NEW.html, NEW.text))
  EXECUTE FUNCTION keep_published();
CREATE TRIGGER keep_published BEFORE UPDATE OR DELETE ON campaign_publications
  FOR EACH ROW EXECUTE FUNCTION keep_published();
CREATE TRIGGER keep_all_published BEFORE TRUNCATE ON campaign_publications
  FOR EACH STATEMENT EXECUTE FUNCTION keep_published();
