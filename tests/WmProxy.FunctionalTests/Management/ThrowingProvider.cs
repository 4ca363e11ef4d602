using System;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.FunctionalTests.Management;

/// <summary>A provider of an application's that throws when told to.</summary>
internal sealed class ThrowingProvider : IProxyConfigProvider
{
    private readonly InMemoryConfigProvider _inner = new([], []);

    public bool IsBad { get; set; }

    public IProxyConfig GetConfig() => IsBad ? throw new InvalidOperationException("the database is gone") : _inner.GetConfig();
}
