-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "content_at" TIMESTAMPTZ(3),
ADD COLUMN     "content_by" TEXT;

-- CreateTable
CREATE TABLE "order_changes" (
    "order_key" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "amount_cents" BIGINT,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_changes_pkey" PRIMARY KEY ("order_key","message_id")
);

-- CreateIndex
CREATE INDEX "events_problem" ON "events"("id") WHERE (problem IS NOT NULL);
