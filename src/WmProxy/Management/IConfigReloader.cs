using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Management;

/// <summary>Applies the configuration anew on demand. Changes that the configuration itself announces are applied without it.</summary>
public interface IConfigReloader
{
    /// <summary>The outcome of the last time, also of those that were not asked for here; <see langword="null"/> before the start.</summary>
    ReloadResult? LastResult { get; }

    /// <summary>Reads, validates and applies the configuration as it is now. Errors are part of the result; it does not throw for them.</summary>
    Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken = default);
}
