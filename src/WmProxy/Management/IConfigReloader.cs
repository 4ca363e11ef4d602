using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Management;

/// <summary>STUB.</summary>
public interface IConfigReloader
{
    /// <summary>STUB.</summary>
    ReloadResult? LastResult { get; }

    /// <summary>STUB.</summary>
    Task<ReloadResult> ReloadAsync(CancellationToken cancellationToken);
}
