using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>
/// Reads a <c>ReverseProxy</c> section with YARP's own reader. The reader is internal to YARP but registered by a public method, so it is
/// taken from that registration.
/// </summary>
internal sealed class YarpConfigReader
{
    public const string SectionName = "ReverseProxy";

    private readonly IServiceProvider _services;

    public YarpConfigReader(IServiceProvider services) => _services = services;

    /// <summary>The section's routes and clusters; what YARP cannot read is added to <paramref name="errors"/>.</summary>
    public YarpConfig Read(IConfiguration root, IList<ConfigError> errors)
    {
        var section = root.GetSection(SectionName);
        if (!section.Exists())
        {
            return new YarpConfig([], []);
        }

        var registrations = new ServiceCollection();
        registrations.AddReverseProxy().LoadFromConfig(section);
        var factory = registrations.Single(descriptor => descriptor.ServiceType == typeof(IProxyConfigProvider)).ImplementationFactory!;
        var provider = (IProxyConfigProvider)factory(_services);
        try
        {
            var config = provider.GetConfig();
            return new YarpConfig(config.Routes, config.Clusters);
        }
        catch (Exception ex) when (ex is FormatException or ArgumentException or InvalidOperationException or OverflowException or NotSupportedException)
        {
            errors.Add(new ConfigError(SectionName, ex.Message));
            return new YarpConfig([], []);
        }
        finally
        {
            (provider as IDisposable)?.Dispose();
        }
    }
}
