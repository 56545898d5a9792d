// Reed-Solomon with ISA-L's vectorised Galois-field products.
#include "codec/parity.hpp"

#include <isa-l/erasure_code.h>

#include <algorithm>

namespace holdfast::codec {

namespace {

constexpr std::size_t table_size = 32;  // ISA-L's, for each coefficient

base::Bytes tables_of(unsigned columns, unsigned rows, base::Bytes& coefficients) {
  base::Bytes tables(table_size * columns * rows);
  ec_init_tables(static_cast<int>(columns), static_cast<int>(rows), coefficients.data(),
                 tables.data());
  return tables;
}

void multiply(base::Bytes& tables, std::vector<base::Byte*>& from, std::vector<base::Byte*>& to,
              std::size_t size) {
  ec_encode_data(static_cast<int>(size), static_cast<int>(from.size()), static_cast<int>(to.size()),
                 tables.data(), from.data(), to.data());
}

}  // namespace

ParityCode::ParityCode(unsigned data, unsigned parity)
    : data_(data), parity_(parity), matrix_(std::size_t{data + parity} * data) {
  CHECK(data > 0 && parity > 0 && data + parity <= blocks_max, "a code of this shape exists");
  gf_gen_cauchy1_matrix(matrix_.data(), static_cast<int>(data + parity), static_cast<int>(data));
  base::Bytes rows(matrix_.begin() + static_cast<std::ptrdiff_t>(std::size_t{data} * data),
                   matrix_.end());
  tables_ = tables_of(data, parity, rows);
}

void ParityCode::encode(std::span<const base::MutableByteView> blocks) const {
  CHECK(blocks.size() == data_ + parity_, "as many blocks as the code has");
  const auto size = blocks.front().size();
  CHECK(size > 0, "blocks hold something");
  std::vector<base::Byte*> from;
  std::vector<base::Byte*> to;
  for (const auto block : blocks) {
    CHECK(block.size() == size, "blocks are of one size");
    (from.size() < data_ ? from : to).push_back(block.data());
  }
  auto tables = tables_;  // ISA-L reads them through a pointer that isn't const
  multiply(tables, from, to, size);
}

base::Result<void> ParityCode::recover(std::span<const base::MutableByteView> blocks,
                                       std::span<const unsigned> lost) const {
  CHECK(blocks.size() == data_ + parity_, "as many blocks as the code has");
  if (lost.size() > parity_) {
    return base::Error(base::ErrorCode::damaged,
                       std::to_string(lost.size()) + " of " + std::to_string(blocks.size()) +
                           " blocks of a stripe are lost, and its parity makes up for " +
                           std::to_string(parity_));
  }
  const auto size = blocks.front().size();
  std::vector<base::Byte*> from;
  base::Bytes rows;  // of the matrix, those that gave the blocks in `from`
  for (unsigned i = 0; i < blocks.size() && from.size() < data_; ++i) {
    CHECK(blocks[i].size() == size, "blocks are of one size");
    if (std::binary_search(lost.begin(), lost.end(), i)) continue;
    from.push_back(blocks[i].data());
    const auto row = matrix_.begin() + static_cast<std::ptrdiff_t>(std::size_t{i} * data_);
    rows.insert(rows.end(), row, row + data_);
  }
  base::Bytes inverse(rows.size());
  const int singular = gf_invert_matrix(rows.data(), inverse.data(), static_cast<int>(data_));
  CHECK(singular == 0, "every square part of a Cauchy matrix can be inverted");
  std::vector<base::Byte*> to;
  base::Bytes wanted;
  for (const auto i : lost) {
    if (i >= data_) continue;
    to.push_back(blocks[i].data());
    const auto row = inverse.begin() + static_cast<std::ptrdiff_t>(std::size_t{i} * data_);
    wanted.insert(wanted.end(), row, row + data_);
  }
  if (to.empty()) return {};
  auto tables = tables_of(data_, static_cast<unsigned>(to.size()), wanted);
  multiply(tables, from, to, size);
  return {};
}

}  // namespace holdfast::codec
