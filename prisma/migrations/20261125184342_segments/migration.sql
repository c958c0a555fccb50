-- CreateTable
CREATE TABLE "segments" (
    "id" SERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "size" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "built_at" TIMESTAMPTZ(3),
    "problem" TEXT,

    CONSTRAINT "segments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "segment_members" (
    "segment_id" INTEGER NOT NULL,
    "customer_id" UUID NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "segment_members_pkey" PRIMARY KEY ("segment_id","customer_id")
);

-- CreateTable
CREATE TABLE "computed_traits" (
    "customer_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "value" JSONB NOT NULL,

    CONSTRAINT "computed_traits_pkey" PRIMARY KEY ("customer_id","name")
);

-- CreateTable
CREATE TABLE "segment_states" (
    "customer_id" UUID NOT NULL,
    "flips_at" TIMESTAMPTZ(3),

    CONSTRAINT "segment_states_pkey" PRIMARY KEY ("customer_id")
);

-- CreateTable
CREATE TABLE "segment_catch_ups" (
    "customer_id" UUID NOT NULL,

    CONSTRAINT "segment_catch_ups_pkey" PRIMARY KEY ("customer_id")
);

-- CreateTable
CREATE TABLE "segment_moments" (
    "customer_id" UUID NOT NULL,
    "flips_at" TIMESTAMPTZ(3) NOT NULL
);

-- CreateTable
CREATE TABLE "segment_sizes" (
    "key" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "size" INTEGER NOT NULL,

    CONSTRAINT "segment_sizes_pkey" PRIMARY KEY ("key","hour")
);

-- CreateIndex
CREATE UNIQUE INDEX "segments_live" ON "segments"("kind", "key") WHERE (status = 'live');

-- CreateIndex
CREATE UNIQUE INDEX "segments_next" ON "segments"("kind", "key") WHERE (built_at IS NULL);

-- CreateIndex
CREATE INDEX "segment_members_customer_id_idx" ON "segment_members"("customer_id");

-- CreateIndex
CREATE INDEX "segment_states_flips_at_idx" ON "segment_states"("flips_at") WHERE (flips_at IS NOT NULL);
