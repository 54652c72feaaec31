import CMTLKernels
import Glibc

/// How many processors this process may keep busy: its affinity mask, cut by the cgroup's CPU quota.
func availableProcessorCount() -> Int {
  min(Int(mtlk_affinity_count()), quotaCount() ?? Int.max)
}

/// Quota divided by period, rounded up; nil where there is none. Version 2 of cgroups first, then version 1.
private func quotaCount() -> Int? {
  if let fields = firstLine(of: "/sys/fs/cgroup/cpu.max")?.split(separator: " "), fields.count == 2 {
    return quotient(fields[0], fields[1])
  }
  guard let quota = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    let period = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us")
  else { return nil }
  return quotient(quota[...], period[...])
}

private func quotient(_ quota: Substring, _ period: Substring) -> Int? {
  guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else { return nil }
  return max(1, (quota + period - 1) / period)
}

private func firstLine(of path: String) -> String? {
  let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 256)
  let count = unsafe read(file, &bytes, bytes.count)
  guard count > 0 else { return nil }
  return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}
