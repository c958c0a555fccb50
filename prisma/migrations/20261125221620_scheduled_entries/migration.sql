-- CreateTable
CREATE TABLE "scheduled_entries" (
    "journey" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "segment" TEXT NOT NULL,
    "customers" INTEGER NOT NULL,

    CONSTRAINT "scheduled_entries_pkey" PRIMARY KEY ("journey","at","segment")
);
