-- AlterTable
ALTER TABLE "messages" ADD COLUMN     "sender" TEXT;

-- CreateTable
CREATE TABLE "sender_days" (
    "sender" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "used" INTEGER NOT NULL,
    "granted" INTEGER NOT NULL,

    CONSTRAINT "sender_days_pkey" PRIMARY KEY ("sender","day")
);
