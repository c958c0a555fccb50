-- CreateTable
CREATE TABLE "event_counts" (
    "slot" INTEGER NOT NULL,
    "accepted" BIGINT NOT NULL,

    CONSTRAINT "event_counts_pkey" PRIMARY KEY ("slot")
);

-- What was accepted before anybody counted.
INSERT INTO "event_counts" ("slot", "accepted") SELECT 0, count(*) FROM "events" HAVING count(*) > 0;
