// The files of simulated machines: small trees that change, made of blocks that machines share; and
// writing them into, and reading them from, a repository.
#pragma once

#include <map>
#include <string>

#include "base/random.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_writer.hpp"

namespace holdfast::simulation {

using WorldFiles = std::map<std::string, base::Bytes>;  // absolute path to content

// Adds, changes or removes some files.
void change_files(WorldFiles& files, base::Random& random);

// One backup of them; unchanged files are taken from the parent snapshot.
base::Result<repository::CommittedSnapshot> write_files(repository::Repository& repository,
                                                        const WorldFiles& files,
                                                        const std::string& label);

// Everything that a snapshot holds, by an index that is up to date. An error names what can't be
// had.
base::Result<WorldFiles> read_files(repository::Repository& repository,
                                    const repository::TreeRoot& root);

}  // namespace holdfast::simulation
