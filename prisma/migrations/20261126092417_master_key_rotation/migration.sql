-- AlterTable
ALTER TABLE "installation" ADD COLUMN     "former_keys" BYTEA,
ADD COLUMN     "rewrap_after" UUID;
