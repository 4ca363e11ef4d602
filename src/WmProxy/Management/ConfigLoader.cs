using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WmProxy.Configuration;
using WmProxy.Streams;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Reads a configuration whole and finds everything that is wrong with it.</summary>
internal sealed class ConfigLoader : IConfigChecker
{
    private readonly IServiceProvider _services;
    private readonly YarpConfigReader _yarpReader;
    private readonly IConfigValidator _yarpValidator;
    private readonly WmProxyOptions _options;

    public ConfigLoader(
        IServiceProvider services, YarpConfigReader yarpReader, IConfigValidator yarpValidator, IOptions<WmProxyOptions> options, IHostEnvironment environment)
    {
        _services = services;
        _yarpReader = yarpReader;
        _yarpValidator = yarpValidator;
        _options = options.Value;
        BaseDirectory = _options.BaseDirectory ?? environment.ContentRootPath;
    }

    /// <summary>The folder that relative paths of a configuration start from.</summary>
    public string BaseDirectory { get; }

    public async ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return (await LoadAsync(candidate, cancellationToken)).Errors;
    }

    public async ValueTask<LoadedConfig> LoadAsync(IConfiguration root, CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        throw new NotImplementedException();
    }
}
