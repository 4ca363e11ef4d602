using System;
using WmProxy.Configuration;

namespace WmProxy.Clusters;

/// <summary>What is wrong at one key of a cluster. YARP shows the message; who wants the key itself finds it in <see cref="Error"/>.</summary>
internal sealed class ClusterErrorException(string clusterId, string key, string message) : ArgumentException($"Clusters:{clusterId}:{key}: {message}.")
{
    /// <summary>The error with the key's full path.</summary>
    public ConfigError Error { get; } = new($"ReverseProxy:Clusters:{clusterId}:{key}", message);
}
