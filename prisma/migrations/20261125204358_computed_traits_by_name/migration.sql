-- CreateIndex
CREATE INDEX "computed_traits_name_customer_id_idx" ON "computed_traits"("name", "customer_id");
