using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Finds out whether the listeners of a configuration could be opened, before anybody is told of it.</summary>
internal interface IListenerPreflight
{
    /// <summary>Opens the addresses that a checked <paramref name="candidate"/> adds, closes them again, and returns what stood in the way.</summary>
    Task<IReadOnlyList<ConfigError>> TryListenAsync(IConfiguration candidate, CancellationToken cancellationToken);
}
