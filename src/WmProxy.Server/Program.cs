using WmProxy.Server.CommandLine;
using WmProxy.Server.Lifetime;

ProcessSettings.Apply();
return await WmProxyCommand.InvokeAsync(args);
