-- CreateTable
CREATE TABLE "tracked_links" (
    "id" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "tracked_links_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "short_links" (
    "id" BIGSERIAL NOT NULL,
    "message_id" UUID NOT NULL,
    "link" TEXT NOT NULL,

    CONSTRAINT "short_links_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message_hits" (
    "message_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "link" TEXT NOT NULL DEFAULT '',
    "people" INTEGER NOT NULL DEFAULT 0,
    "machines" INTEGER NOT NULL DEFAULT 0,
    "machine_sign" TEXT,
    "first_at" TIMESTAMPTZ(3),
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "verdict" TEXT,

    CONSTRAINT "message_hits_pkey" PRIMARY KEY ("message_id","kind","link")
);

-- CreateTable
CREATE TABLE "message_reports" (
    "message_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "code" TEXT NOT NULL DEFAULT '',
    "source" TEXT NOT NULL,
    "address_hash" BYTEA,
    "domain" TEXT,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_reports_pkey" PRIMARY KEY ("message_id","kind","code")
);

-- CreateTable
CREATE TABLE "sending_pauses" (
    "id" BIGSERIAL NOT NULL,
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "since" TIMESTAMPTZ(3) NOT NULL,
    "lifted_at" TIMESTAMPTZ(3),
    "lifted_by" TEXT,

    CONSTRAINT "sending_pauses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message_requests" (
    "key" TEXT NOT NULL,
    "body_hash" BYTEA NOT NULL,
    "message_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_requests_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "webhook_calls" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "journey" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "entry_number" INTEGER NOT NULL,
    "visit" INTEGER NOT NULL,
    "url" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'planned',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "planned_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "problem" TEXT,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_calls_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "short_links_message_id_link_key" ON "short_links"("message_id", "link");

-- CreateIndex
CREATE INDEX "message_hits_open" ON "message_hits"("seen_at") WHERE (verdict IS NULL AND people > 0);

-- CreateIndex
CREATE INDEX "message_reports_address_hash_kind_idx" ON "message_reports"("address_hash", "kind");

-- CreateIndex
CREATE INDEX "message_reports_reported_at_idx" ON "message_reports"("reported_at");

-- CreateIndex
CREATE UNIQUE INDEX "sending_pauses_in_force" ON "sending_pauses"("scope", "key") WHERE (lifted_at IS NULL);

-- CreateIndex
CREATE INDEX "webhook_calls_customer_id_idx" ON "webhook_calls"("customer_id");

-- CreateIndex
CREATE INDEX "webhook_calls_due" ON "webhook_calls"("due_at") WHERE (status = 'planned');

-- CreateIndex
CREATE INDEX "webhook_calls_dead" ON "webhook_calls"("settled_at") WHERE (status IN ('dead', 'refused'));

-- AddForeignKey
ALTER TABLE "short_links" ADD CONSTRAINT "short_links_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_hits" ADD CONSTRAINT "message_hits_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_reports" ADD CONSTRAINT "message_reports_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE CASCADE ON UPDATE CASCADE;
