-- DropIndex
DROP INDEX "segment_members_customer_id_segment_id_idx";

-- AlterTable
ALTER TABLE "segment_members" DROP CONSTRAINT "segment_members_pkey",
ADD CONSTRAINT "segment_members_pkey" PRIMARY KEY ("customer_id", "segment_id");

-- CreateIndex
CREATE INDEX "segment_members_segment_id_idx" ON "segment_members"("segment_id");
