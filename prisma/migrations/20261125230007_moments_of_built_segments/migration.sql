-- AlterTable
ALTER TABLE "segments" ADD COLUMN     "moments_at" TIMESTAMPTZ(3);
