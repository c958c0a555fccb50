-- AlterTable
ALTER TABLE "customers" ADD COLUMN     "identity_epoch" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "identities" ADD COLUMN     "shared" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "customer_merges" (
    "id" UUID NOT NULL,
    "leaving_id" UUID NOT NULL,
    "staying_id" UUID NOT NULL,
    "merged_at" TIMESTAMPTZ(3) NOT NULL,
    "event_id" BIGINT,
    "operator" TEXT,
    "last_event" BIGINT NOT NULL,
    "moved" JSONB NOT NULL DEFAULT '{}',
    "undone_at" TIMESTAMPTZ(3),
    "undone_by" TEXT,
    "purged_at" TIMESTAMPTZ(3),

    CONSTRAINT "customer_merges_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "merged_profiles" (
    "merge_id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "wrapped_key" BYTEA,
    "profile" JSONB NOT NULL,
    "personal" BYTEA,
    "contact_points" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "merged_profiles_pkey" PRIMARY KEY ("merge_id","customer_id")
);

-- CreateIndex
CREATE INDEX "customer_merges_leaving_id_idx" ON "customer_merges"("leaving_id");

-- CreateIndex
CREATE INDEX "customer_merges_staying_id_idx" ON "customer_merges"("staying_id");

-- CreateIndex
CREATE INDEX "customer_merges_undoable" ON "customer_merges"("merged_at") WHERE (undone_at IS NULL AND purged_at IS NULL);

-- CreateIndex
CREATE INDEX "merged_profiles_customer_id_idx" ON "merged_profiles"("customer_id");
