-- DropIndex
DROP INDEX "webhook_calls_dead";

-- CreateTable
CREATE TABLE "referral_codes" (
    "code" TEXT NOT NULL,
    "customer_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "referral_codes_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "referrals" (
    "id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "referrer_id" UUID NOT NULL,
    "friend_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "attributed_at" TIMESTAMPTZ(3) NOT NULL,
    "released_at" TIMESTAMPTZ(3),
    "order_id" UUID,
    "due_at" TIMESTAMPTZ(3),
    "friend_coupon_id" UUID,
    "referrer_coupon_id" UUID,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "referrals_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "referral_codes_customer_id_key" ON "referral_codes"("customer_id");

-- CreateIndex
CREATE UNIQUE INDEX "referrals_friend_id_key" ON "referrals"("friend_id");

-- CreateIndex
CREATE INDEX "referrals_referrer_id_attributed_at_idx" ON "referrals"("referrer_id", "attributed_at");

-- CreateIndex
CREATE INDEX "referrals_status_updated_at_idx" ON "referrals"("status", "updated_at");

-- CreateIndex
CREATE INDEX "webhook_calls_dead" ON "webhook_calls"("settled_at") WHERE (status IN ('dead', 'refused'));
