-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "not_before" TIMESTAMPTZ(3);
