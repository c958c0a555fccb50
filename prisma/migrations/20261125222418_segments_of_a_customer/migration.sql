-- DropIndex
DROP INDEX "segment_members_customer_id_idx";

-- CreateIndex
CREATE INDEX "segment_members_customer_id_segment_id_idx" ON "segment_members"("customer_id", "segment_id");
