using System.Collections.Generic;

namespace WmProxy.Configuration.Reading;

/// <summary>What the readers of one configuration share.</summary>
/// <param name="BaseDirectory">The folder that relative paths of files start from.</param>
/// <param name="Errors">Everything found so far.</param>
internal sealed record ConfigReadContext(string BaseDirectory, IList<ConfigError> Errors);
