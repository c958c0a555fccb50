-- AlterTable
ALTER TABLE "decision_records" ADD COLUMN     "scores" JSONB;
