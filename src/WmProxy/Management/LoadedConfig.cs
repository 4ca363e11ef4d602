using System.Collections.Generic;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>A configuration that was read whole.</summary>
/// <param name="Config">The <c>WmProxy</c> section.</param>
/// <param name="Yarp">What YARP gets: the <c>ReverseProxy</c> section, unless the application feeds YARP itself, and the clusters of streams with <c>To</c>.</param>
/// <param name="Errors">Everything wrong with it; it may be applied only when there is nothing.</param>
internal sealed record LoadedConfig(WmProxyConfig Config, YarpConfig Yarp, IReadOnlyList<ConfigError> Errors);
