using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Validates a configuration without applying it.</summary>
public interface IConfigChecker
{
    /// <summary>Everything that is wrong with <paramref name="candidate"/>, a whole configuration from its root; empty when it can be applied.</summary>
    ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken = default);
}
