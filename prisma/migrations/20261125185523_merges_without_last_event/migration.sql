-- AlterTable
ALTER TABLE "customer_merges" DROP COLUMN "last_event";
