using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;
using WmProxy.Management;

namespace WmProxy.Tests.Server.Configuration;

/// <summary>Finds nothing wrong unless told otherwise.</summary>
internal sealed class FakeConfigChecker : IConfigChecker
{
    public Func<IConfiguration, IReadOnlyList<ConfigError>> Check { get; set; } = _ => [];

    public ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken) => new(Check(candidate));
}
