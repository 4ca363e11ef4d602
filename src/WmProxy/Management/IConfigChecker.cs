using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>STUB.</summary>
public interface IConfigChecker
{
    /// <summary>STUB.</summary>
    ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken);
}
