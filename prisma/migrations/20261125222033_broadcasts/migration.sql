-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "broadcast_id" UUID;

-- CreateTable
CREATE TABLE "broadcasts" (
    "id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "audience" INTEGER,
    "held_out" INTEGER,
    "winner" TEXT,
    "decided_at" TIMESTAMPTZ(3),
    "verdict" JSONB,

    CONSTRAINT "broadcasts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broadcast_recipients" (
    "broadcast_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "customer_id" UUID NOT NULL,
    "variant" TEXT,
    "send_at" TIMESTAMPTZ(3),

    CONSTRAINT "broadcast_recipients_pkey" PRIMARY KEY ("broadcast_id","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "broadcasts_key_key" ON "broadcasts"("key");

-- CreateIndex
CREATE INDEX "broadcasts_created_at_idx" ON "broadcasts"("created_at");

-- CreateIndex
CREATE INDEX "broadcast_recipients_customer_id_idx" ON "broadcast_recipients"("customer_id");

-- CreateIndex
CREATE INDEX "messages_broadcast_open" ON "messages"("broadcast_id", "not_before") WHERE (settled_at IS NULL AND broadcast_id IS NOT NULL);
