-- CreateIndex
CREATE INDEX "products_category_first_seen_at_idx" ON "products"("category", "first_seen_at");
