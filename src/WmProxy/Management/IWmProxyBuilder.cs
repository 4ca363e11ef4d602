using Microsoft.Extensions.DependencyInjection;

namespace WmProxy.Management;

/// <summary>Adds to WmProxy what an application brings along.</summary>
public interface IWmProxyBuilder
{
    /// <summary>The application's services.</summary>
    IServiceCollection Services { get; }
}
