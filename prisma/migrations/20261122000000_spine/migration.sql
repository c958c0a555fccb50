-- CreateTable
CREATE TABLE "customers" (
    "id" UUID NOT NULL,
    "external_id" TEXT,
    "stage" TEXT NOT NULL DEFAULT 'acquire',
    "stage_since" TIMESTAMPTZ(3) NOT NULL,
    "at_risk" BOOLEAN NOT NULL DEFAULT false,
    "traits" JSONB NOT NULL DEFAULT '{}',
    "trait_times" JSONB NOT NULL DEFAULT '{}',
    "personal" BYTEA,
    "time_zone" TEXT,
    "locale" TEXT,
    "country" TEXT,
    "email_domain" TEXT,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "first_order_at" TIMESTAMPTZ(3),
    "last_order_at" TIMESTAMPTZ(3),
    "order_count" INTEGER NOT NULL DEFAULT 0,
    "revenue_cents" BIGINT NOT NULL DEFAULT 0,
    "refunded_cents" BIGINT NOT NULL DEFAULT 0,
    "discount_cents" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT,
    "due_at" TIMESTAMPTZ(3),
    "reviewed_at" TIMESTAMPTZ(3),
    "scored_at" TIMESTAMPTZ(3),
    "merged_into" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "customer_keys" (
    "customer_id" UUID NOT NULL,
    "wrapped_key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "customer_keys_pkey" PRIMARY KEY ("customer_id")
);

-- CreateTable
CREATE TABLE "identities" (
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "customer_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "identities_pkey" PRIMARY KEY ("kind","value")
);

-- CreateTable
CREATE TABLE "contact_points" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "address" BYTEA NOT NULL,
    "address_hash" BYTEA NOT NULL,
    "current" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "contact_points_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
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

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "order_key" TEXT NOT NULL,
    "ordered_at" TIMESTAMPTZ(3) NOT NULL,
    "revenue_cents" BIGINT NOT NULL,
    "discount_cents" BIGINT NOT NULL DEFAULT 0,
    "refunded_cents" BIGINT NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL,
    "coupon" TEXT,
    "cancelled_at" TIMESTAMPTZ(3),

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_lines" (
    "order_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "product_key" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "price_cents" BIGINT NOT NULL,

    CONSTRAINT "order_lines_pkey" PRIMARY KEY ("order_id","position")
);

-- CreateTable
CREATE TABLE "products" (
    "product_key" TEXT NOT NULL,
    "name" TEXT,
    "category" TEXT,
    "brand" TEXT,
    "price_cents" BIGINT,
    "currency" TEXT,
    "url" TEXT,
    "image_url" TEXT,
    "attributes" JSONB NOT NULL DEFAULT '{}',
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "products_pkey" PRIMARY KEY ("product_key")
);

-- CreateTable
CREATE TABLE "consents" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "given_at" TIMESTAMPTZ(3) NOT NULL,
    "source" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "words" TEXT,

    CONSTRAINT "consents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "suppressions" (
    "channel" TEXT NOT NULL,
    "address_hash" BYTEA NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "suppressions_pkey" PRIMARY KEY ("channel","address_hash")
);

-- CreateTable
CREATE TABLE "news" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "event_id" BIGINT,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "nudged_at" TIMESTAMPTZ(3),
    "consumed_at" TIMESTAMPTZ(3),

    CONSTRAINT "news_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lifecycle_moves" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "from_stage" TEXT,
    "to_stage" TEXT NOT NULL,
    "moved_at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "rule_version" TEXT NOT NULL,

    CONSTRAINT "lifecycle_moves_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "journey_runs" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "journey" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "entry_number" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "step" TEXT,
    "step_since" TIMESTAMPTZ(3) NOT NULL,
    "wake_at" TIMESTAMPTZ(3),
    "memory" JSONB NOT NULL DEFAULT '{}',
    "entered_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "end_reason" TEXT,

    CONSTRAINT "journey_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "decision_records" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "journey" TEXT,
    "version" TEXT,
    "step" TEXT,
    "entry_number" INTEGER,
    "outcome" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "decision_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "journey" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "entry_number" INTEGER NOT NULL,
    "visit" INTEGER NOT NULL,
    "channel" TEXT NOT NULL,
    "message_class" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "template" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "data" JSONB NOT NULL DEFAULT '{}',
    "coupon_id" UUID,
    "planned_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_by" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "transmitting_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "provider_message_id" TEXT,
    "delivered_at" TIMESTAMPTZ(3),
    "segments" INTEGER,

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "scores" (
    "customer_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "tier" TEXT,
    "reasons" JSONB NOT NULL DEFAULT '[]',
    "model_id" UUID NOT NULL,
    "scored_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "scores_pkey" PRIMARY KEY ("customer_id","kind")
);

-- CreateTable
CREATE TABLE "models" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "metrics" JSONB NOT NULL,
    "trained_from" TIMESTAMPTZ(3),
    "trained_to" TIMESTAMPTZ(3),
    "seed" INTEGER,
    "feature_version" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "promoted_at" TIMESTAMPTZ(3),

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaigns" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "campaigns_pkey" PRIMARY KEY ("kind","key","version")
);

-- CreateTable
CREATE TABLE "templates" (
    "key" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "subject" TEXT,
    "html" TEXT,
    "text" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "templates_pkey" PRIMARY KEY ("key","version")
);

-- CreateTable
CREATE TABLE "coupons" (
    "id" UUID NOT NULL,
    "offer" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "customer_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "redeemed_at" TIMESTAMPTZ(3),
    "order_id" UUID,

    CONSTRAINT "coupons_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "customers_external_id_key" ON "customers"("external_id");

-- CreateIndex
CREATE INDEX "customers_due_at_idx" ON "customers"("due_at") WHERE (due_at IS NOT NULL);

-- CreateIndex
CREATE INDEX "customers_stage_id_idx" ON "customers"("stage", "id");

-- CreateIndex
CREATE INDEX "identities_customer_id_idx" ON "identities"("customer_id");

-- CreateIndex
CREATE INDEX "contact_points_channel_address_hash_idx" ON "contact_points"("channel", "address_hash");

-- CreateIndex
CREATE UNIQUE INDEX "contact_points_customer_id_channel_address_hash_key" ON "contact_points"("customer_id", "channel", "address_hash");

-- CreateIndex
CREATE UNIQUE INDEX "contact_points_current" ON "contact_points"("customer_id", "channel") WHERE (current);

-- CreateIndex
CREATE UNIQUE INDEX "events_message_id_key" ON "events"("message_id");

-- CreateIndex
CREATE INDEX "events_customer_id_occurred_at_idx" ON "events"("customer_id", "occurred_at") WHERE (customer_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "events_unhandled" ON "events"("id") WHERE (handled_at IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "orders_order_key_key" ON "orders"("order_key");

-- CreateIndex
CREATE INDEX "orders_customer_id_ordered_at_idx" ON "orders"("customer_id", "ordered_at");

-- CreateIndex
CREATE INDEX "orders_ordered_at_idx" ON "orders"("ordered_at");

-- CreateIndex
CREATE INDEX "order_lines_product_key_idx" ON "order_lines"("product_key");

-- CreateIndex
CREATE INDEX "consents_customer_id_channel_topic_given_at_idx" ON "consents"("customer_id", "channel", "topic", "given_at");

-- CreateIndex
CREATE INDEX "news_unread" ON "news"("customer_id", "id") WHERE (consumed_at IS NULL);

-- CreateIndex
CREATE INDEX "news_unnudged" ON "news"("id") WHERE (nudged_at IS NULL AND consumed_at IS NULL);

-- CreateIndex
CREATE INDEX "lifecycle_moves_customer_id_moved_at_idx" ON "lifecycle_moves"("customer_id", "moved_at");

-- CreateIndex
CREATE INDEX "lifecycle_moves_to_stage_moved_at_idx" ON "lifecycle_moves"("to_stage", "moved_at");

-- CreateIndex
CREATE INDEX "journey_runs_journey_version_status_idx" ON "journey_runs"("journey", "version", "status");

-- CreateIndex
CREATE INDEX "journey_runs_active" ON "journey_runs"("customer_id") WHERE (status = 'active');

-- CreateIndex
CREATE UNIQUE INDEX "journey_runs_customer_id_journey_entry_number_key" ON "journey_runs"("customer_id", "journey", "entry_number");

-- CreateIndex
CREATE INDEX "decision_records_customer_id_decided_at_idx" ON "decision_records"("customer_id", "decided_at");

-- CreateIndex
CREATE INDEX "messages_open" ON "messages"("planned_at") WHERE (settled_at IS NULL);

-- CreateIndex
CREATE INDEX "messages_customer_id_planned_at_idx" ON "messages"("customer_id", "planned_at");

-- CreateIndex
CREATE INDEX "messages_journey_step_status_idx" ON "messages"("journey", "step", "status");

-- CreateIndex
CREATE INDEX "messages_provider_message_id_idx" ON "messages"("provider_message_id") WHERE (provider_message_id IS NOT NULL);

-- CreateIndex
CREATE UNIQUE INDEX "messages_customer_id_journey_step_entry_number_visit_key" ON "messages"("customer_id", "journey", "step", "entry_number", "visit");

-- CreateIndex
CREATE INDEX "scores_kind_value_idx" ON "scores"("kind", "value");

-- CreateIndex
CREATE INDEX "models_champion" ON "models"("kind") WHERE (status = 'champion');

-- CreateIndex
CREATE UNIQUE INDEX "models_kind_version_key" ON "models"("kind", "version");

-- CreateIndex
CREATE INDEX "campaigns_status_idx" ON "campaigns"("status");

-- CreateIndex
CREATE UNIQUE INDEX "coupons_code_key" ON "coupons"("code");

-- CreateIndex
CREATE INDEX "coupons_customer_id_offer_idx" ON "coupons"("customer_id", "offer");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys"("key_hash");

-- AddForeignKey
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE CASCADE ON UPDATE CASCADE;
